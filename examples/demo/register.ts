import { introduce, publish } from './sidecar-api.ts';

/** What an app offers, and where. */
export interface Offer {
  /** The name of the app. */
  readonly name: string;
  /** SOFARPC's unique name; over HTTP and gRPC the host that callers name. */
  readonly service: string;
  readonly protocol: 'bolt' | 'http' | 'grpc';
  readonly port: number;
  /** Url of the local API of the app's sidecar, or `none` where there is no registry to publish in. */
  readonly sidecar: string;
}

/** Registers an app's service at its sidecar, and tells the demo; ends the app when the sidecar does not take it. */
export async function register({ name, service, protocol, port, sidecar }: Offer): Promise<void> {
  const serves = `${name} serves ${service} at port ${port}`;
  if (sidecar === 'none') return console.log(serves);
  try {
    await introduce(sidecar, name);
    await publish(sidecar, service, protocol, port);
  } catch (error) {
    console.error(`${name}: ${(error as Error).message}`);
    process.exit(1);
  }
  // It is published as soon as the sidecar finds it healthy.
  console.log(`${serves}; its sidecar says how it fares: curl ${sidecar}/services`);
  process.send?.({ type: 'ready' });
}
