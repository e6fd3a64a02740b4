/** The local HTTP API of the sidecar beside an app: how it says what it offers and what it calls. */

/** Introduces the app; this comes first. */
export function introduce(sidecar: string, appName: string): Promise<void> {
  return post(sidecar, '/configs/application', { appName });
}

/** Offers a service that the app serves at `port`; the sidecar publishes its own address for it. */
export function publish(sidecar: string, serviceName: string, protocolType: string, port: number): Promise<void> {
  return post(sidecar, '/services/publish', { serviceName, protocolType, port });
}

/** Asks for a service; from then on the sidecar's egress port knows its providers. */
export function subscribe(sidecar: string, serviceName: string, protocolType: string): Promise<void> {
  return post(sidecar, '/services/subscribe', { serviceName, protocolType });
}

async function post(sidecar: string, path: string, body: object): Promise<void> {
  const response = await fetch(new URL(path, sidecar), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }).catch((error: Error) => {
    // What fetch itself says is "fetch failed"; the reason is its cause.
    throw new Error(`no sidecar answers at ${sidecar} (${String(error.cause)}): is it running?`, { cause: error });
  });
  const reply = (await response.json()) as { success: boolean; errorMessage?: string };
  if (!reply.success) throw new Error(`the sidecar refuses ${path}: ${reply.errorMessage ?? response.status}`);
}
