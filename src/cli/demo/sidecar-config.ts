import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';

/** What the config files of the demo's sidecars differ in. */
export interface SidecarSetting {
  /** Id of the node; the sidecar's state lies in a folder of this name. */
  readonly id: string;
  readonly folder: string;
  /** `host:port` of the embedded registry. */
  readonly registry: string;
  /** The app's own port, behind a sidecar that takes calls for it. Without one, the sidecar makes calls. */
  readonly appPort?: number;
}

/** The system chooses the port, and the sidecar says in its log which one. */
const ANY_PORT = '127.0.0.1:0';

/** Writes the config file of one sidecar into the folder; resolves with its path. */
export async function writeSidecarConfig(setting: SidecarSetting): Promise<string> {
  const file = join(setting.folder, `${setting.id}.yaml`);
  await writeFile(file, sidecarConfig(setting));
  return file;
}

/** The config file of one sidecar, as YAML. It tells Bolt, HTTP and gRPC apart by the first bytes. */
function sidecarConfig({ id, folder, registry, appPort }: SidecarSetting): string {
  return stringify({
    node: { id, app: id, address: '127.0.0.1' },
    admin: { address: ANY_PORT },
    sdk: { address: ANY_PORT },
    stateDir: join(folder, id),
    registry: { type: 'embedded', address: registry },
    listeners: [appPort === undefined ? egress() : ingress(appPort)],
    // Echo may be called twice without harm, so a call whose provider died goes to another one.
    clusterDefaults: { retries: { attempts: 2, on: ['connect-failure', 'reset'] } },
    shutdown: { propagation: '1s', drain: '5s' },
    log: { level: 'info', format: 'json' },
  });
}

function egress(): object {
  return { name: 'egress', address: ANY_PORT, protocol: 'auto', direction: 'egress' };
}

function ingress(appPort: number): object {
  return { name: 'ingress', address: ANY_PORT, protocol: 'auto', direction: 'ingress', app: `127.0.0.1:${appPort}` };
}
