/** The parts of a `targetAppAddress`. */
export interface TargetAddress {
  /** Lower case; empty when none was given. */
  readonly scheme: string;
  /** Without brackets, also for IPv6. */
  readonly host: string;
  readonly port?: number | undefined;
  readonly parameters: Readonly<Record<string, string>>;
}

const SHAPE =
  /^(?:([a-z][a-z0-9+.-]*):\/\/)?(\[[0-9a-f:.%]+\]|[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_.])?)(?::(\d{1,5}))?(?:\/[^?#]*)?(?:\?([^#]*))?$/i;

/**
 * Reads `[scheme://]host[:port][/path][?query]`: SDKs send anything from a bare pool name to a
 * whole provider url. Answers `undefined` for what is none of these.
 */
export function parseTargetAddress(text: string): TargetAddress | undefined {
  const match = SHAPE.exec(text);
  const host = match?.[2];
  if (match === null || host === undefined) return undefined;
  const port = match[3] === undefined ? undefined : Number(match[3]);
  if (port !== undefined && (port < 1 || port > 65535)) return undefined;
  return {
    scheme: (match[1] ?? '').toLowerCase(),
    host: host.startsWith('[') ? host.slice(1, -1) : host,
    port,
    parameters: Object.fromEntries(new URLSearchParams(match[4] ?? '')),
  };
}
