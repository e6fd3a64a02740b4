import { createServer } from 'node:http';

/**
 * Below those that the system gives to outgoing connections (from 32768 on, with Linux): between the moment in which
 * one of these is found free and that in which an app listens there, a connection of somebody else may get it.
 */
const FIRST = 20_000;
const LAST = 32_000;
const TRIES = 100;

/** A port that nobody listens on: an app, unlike a sidecar, has to be told its port beforehand. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if (await isFree(port)) return port;
  }
  throw new Error(`found no free port between ${FIRST} and ${LAST} in ${TRIES} tries`);
}

/** At any address, since an app may listen at all of them. */
function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}
