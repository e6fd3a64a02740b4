import assert from 'node:assert/strict';
import { test } from 'node:test';
import { httpStatusOf } from './http-status.ts';

test('a local failure has the status that says whose fault it is', () => {
  const statuses = {
    no_route: 404,
    too_large: 413,
    malformed_frame: 400,
    connection_lost: 502,
    no_healthy_endpoint: 503,
    overload: 503,
    limited: 429,
    fault: 503,
    timeout: 504,
    whatever: 500,
    toString: 500,
  };
  for (const [code, status] of Object.entries(statuses)) assert.equal(httpStatusOf(code), status, code);
});
