/** HPACK of ours against nghttp2's, which is inside Node: each reads what the other's encoder has written, in both directions. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { until } from '../../src/core/testing/settled.ts';
import { Http2Peer, Http2Server } from '../../src/dataplane/upstream/testing/http2-peer.ts';
import { RUNS } from './hostile.ts';

/** Names that are in the static table, that come again and again, and that come once. */
const name = fc.oneof(
  fc.constantFrom('accept', 'cache-control', 'user-agent', 'x-request-id', 'cookie', 'authorization', 'etag', 'x-a'),
  fc.stringMatching(/^x-[a-z0-9-]{1,30}$/),
);
const value = fc.oneof(
  fc.constantFrom('', 'gzip, deflate', 'a', 'no-cache', '*/*', 'x'.repeat(200)),
  fc.stringMatching(/^[!-~]([ -~]{0,60}[!-~])?$/),
  // Entries of which few or one fit into the table, or none.
  fc.stringMatching(/^[a-z]{500,900}$/),
  fc.integer({ min: 3000, max: 5000 }).map((length) => 'v'.repeat(length)),
);
const list = fc.uniqueArray(fc.tuple(name, value), { maxLength: 12, selector: ([each]) => each });
/** The heads of requests that follow each other on one connection. */
const conversation = fc.array(list, { minLength: 1, maxLength: 12 });

type Fields = readonly (readonly [string, string])[];

function withoutPseudo(fields: readonly string[]): Fields {
  const pairs = Array.from({ length: fields.length / 2 }, (_, i) => [fields[2 * i]!, fields[2 * i + 1]!] as const);
  return pairs.filter(([each]) => !each.startsWith(':'));
}

test('what nghttp2 writes is read as it was meant', async () => {
  const server = await Http2Server.start({ maxHeaderList: 1 << 20 });
  await fc.assert(
    fc.asyncProperty(conversation, fc.nat(), async (heads, sensitive) => {
      const before = server.peers.length;
      const client = http2.connect(`http://127.0.0.1:${server.port}`);
      await once(client, 'connect');
      for (const [i, fields] of heads.entries()) {
        const secret = fields[sensitive % Math.max(1, fields.length)]?.[0];
        const request = client.request({
          ...Object.fromEntries(fields),
          [http2.sensitiveHeaders]: secret === undefined ? [] : [secret],
        });
        request.on('error', () => {});
        request.end();
        const seen = await (await server.peer(before)).served(i);
        assert.deepEqual(withoutPseudo(seen.head!.fields), fields);
        seen.answer(200, '', [], fields.flat());
        const [answered] = (await once(request, 'response')) as [http2.IncomingHttpHeaders];
        for (const [each, text] of fields) assert.equal([answered[each]].flat().join('; '), text);
        request.resume();
      }
      client.destroy();
    }),
    { numRuns: Math.ceil(RUNS / 4), endOnFailure: true },
  );
  await server.close();
});

for (const headerTableSize of [0, 100, 4096, 65_536]) {
  test(`what we write is read by nghttp2 with a table of ${headerTableSize}`, async () => {
    const server = http2.createServer({
      settings: { headerTableSize },
      maxHeaderListPairs: 1000,
      maxSessionMemory: 100,
    });
    const seen: Fields[] = [];
    server.on('stream', (stream: http2.ServerHttp2Stream, _headers: unknown, _flags: unknown, raw: string[]) => {
      seen.push(withoutPseudo(raw));
      stream.respond({ ':status': 204 });
      stream.end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await fc.assert(
      fc.asyncProperty(conversation, async (heads) => {
        const peer = await Http2Peer.connect(port);
        seen.length = 0;
        for (const [i, fields] of heads.entries()) {
          const call = peer.request('/', fields.flat());
          await until('the answer', () => call.ended || call.reset !== undefined || peer.closed);
          assert.equal(call.head?.status, 204);
          assert.deepEqual(seen[i], fields);
        }
        peer.socket.destroy();
      }),
      { numRuns: Math.ceil(RUNS / 12), endOnFailure: true },
    );
    server.close();
    await once(server, 'close');
  });
}
