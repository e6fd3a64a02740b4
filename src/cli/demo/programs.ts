import { existsSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';

/** The files that the demo's members run. */
export interface Programs {
  /** Weft's own command line. */
  readonly weft: string;
  /** The apps, each with a sidecar of its own. */
  readonly provider: string;
  readonly shop: string;
  readonly greeter: string;
  readonly consumer: string;
}

/** Finds them around this file, be it a source or in the bundle. Throws when they are not there. */
export function findPrograms(): Programs {
  const manifest = findPackageJSON(import.meta.url);
  if (manifest === undefined) throw new Error('the demo needs a clone of the repository around it');
  const root = dirname(manifest);
  const programs = {
    weft: join(root, import.meta.url.endsWith('.ts') ? 'src/cli/main.ts' : 'dist/weft.mjs'),
    provider: join(root, 'examples/demo/provider.ts'),
    shop: join(root, 'examples/demo/shop.ts'),
    greeter: join(root, 'examples/demo/greeter.ts'),
    consumer: join(root, 'examples/demo/consumer.ts'),
  };
  for (const file of [...Object.values(programs), join(root, 'node_modules/sofa-rpc-node')]) {
    if (!existsSync(file)) throw new Error(`${file} is missing: run the demo in a clone, with npm start`);
  }
  return programs;
}
