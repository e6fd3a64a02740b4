/** Java apps in mesh mode, each beside a sidecar of its own. */
import { freeHost, freePort, type Owner } from '../support/children.ts';
import { startJavaConsumer, startJavaProvider } from '../support/java.ts';
import type { JavaConsumer, JavaConsumerOptions, JavaProvider, JavaRegistry } from '../support/java.ts';
import { publishedIs, startSidecar, type TestSidecar } from '../support/mesh.ts';
import { startRecorder, type Recorder } from './recorder.ts';

/**
 * Where an app in mesh mode finds its sidecar: SOFARPC's MeshRegistry asks the address that it is given, but calls
 * port 12220 of the same host whatever happens. So each sidecar gets a loopback address of its own.
 */
const SDK_PORT = 13_330;
const EGRESS_PORT = 12_220;

export type ProviderPlace = {
  readonly java: JavaProvider;
  readonly sidecar: TestSidecar;
  /** The app's own. */
  readonly port: number;
  /** The app in a new process, after the end of the first; `java` stays that one. */
  startAgain(): Promise<JavaProvider>;
};
export type ConsumerPlace = { readonly java: JavaConsumer; readonly sidecar: TestSidecar };

/** A provider that registers itself at its sidecar; it is published. */
export async function startProviderPlace(owner: Owner, registry: object, name: string): Promise<ProviderPlace> {
  const host = await freeHost([SDK_PORT, EGRESS_PORT]);
  const port = await freePort();
  const sidecar = await startSidecar(owner, {
    name: `${name}-sidecar`,
    registry,
    appPort: port,
    addresses: { sdk: `${host}:${SDK_PORT}` },
  });
  const startApp = (): Promise<JavaProvider> =>
    startJavaProvider({ app: name, name, host: '127.0.0.1', port, registry: meshAt(host) }, owner);
  const java = await startApp();
  await publishedIs(sidecar, true);
  return { java, sidecar, port, startAgain: startApp };
}

/** A consumer that will subscribe at its sidecar with its first call. */
export async function startConsumerPlace(owner: Owner, registry: object): Promise<ConsumerPlace> {
  const host = await freeHost([SDK_PORT, EGRESS_PORT]);
  const sidecar = await startSidecar(owner, {
    name: 'consumer-sidecar',
    registry,
    addresses: { sdk: `${host}:${SDK_PORT}`, egress: `${host}:${EGRESS_PORT}` },
  });
  return { java: await startJavaConsumer({ app: 'consumer', registry: meshAt(host) }, owner), sidecar };
}

/** The same with a recorder between the app and its sidecar. */
export async function startRecordedConsumerPlace(
  owner: Owner,
  registry: object,
  options: JavaConsumerOptions,
): Promise<ConsumerPlace & { readonly recorder: Recorder }> {
  const host = await freeHost([SDK_PORT, EGRESS_PORT]);
  const sidecar = await startSidecar(owner, {
    name: 'consumer-sidecar',
    registry,
    addresses: { sdk: `${host}:${SDK_PORT}` },
  });
  const target = { host: '127.0.0.1', port: sidecar.ports.egress };
  const recorder = await startRecorder(target, owner, { host, port: EGRESS_PORT });
  return {
    java: await startJavaConsumer({ app: 'consumer', registry: meshAt(host) }, owner, options),
    sidecar,
    recorder,
  };
}

function meshAt(host: string): JavaRegistry {
  return { protocol: 'mesh', address: `http://${host}:${SDK_PORT}` };
}
