import { test } from 'node:test';
import type { Provider } from './bolt-peer.ts';
import { SmallMesh, type SmallMeshOptions } from './small-mesh.ts';

/** A test of something between sockets, with real ones on both sides of it; only the time is made up. */
export type MeshTest = (
  name: string,
  options: SmallMeshOptions,
  /** `provider` is the only endpoint until it says something else. */
  run: (mesh: SmallMesh, provider: Provider) => Promise<void>,
) => void;

/** Defines tests of `subject`. */
export function meshTests(subject: string): MeshTest {
  return (name, options, run) => {
    test(`${subject}: ${name}`, async () => {
      const mesh = await SmallMesh.open(options);
      try {
        const provider = await mesh.provider();
        mesh.endpoints(provider);
        await run(mesh, provider);
      } finally {
        await mesh.close();
      }
    });
  };
}
