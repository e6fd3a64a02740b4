/** Bolt's response status. Source: SOFABolt's ResponseStatus. */
export const BoltStatus = {
  success: 0,
  error: 1,
  serverException: 2,
  unknown: 3,
  serverThreadPoolBusy: 4,
  errorComm: 5,
  noProcessor: 6,
  timeout: 7,
  clientSendError: 8,
  codecException: 9,
  connectionClosed: 16,
  serverSerialException: 17,
  serverDeserialException: 18,
} as const;

/** The one table that turns a failure of this proxy into what a Bolt caller understands. */
const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  no_route: BoltStatus.noProcessor,
  no_healthy_endpoint: BoltStatus.noProcessor,
  overload: BoltStatus.serverThreadPoolBusy,
  too_large: BoltStatus.serverThreadPoolBusy,
  timeout: BoltStatus.timeout,
  malformed_frame: BoltStatus.codecException,
  checksum: BoltStatus.codecException,
  connection_lost: BoltStatus.errorComm,
};

/** The status that answers a failure with this code; `unknown` for codes without one of their own. */
export function statusOf(code: string): number {
  return STATUS_OF_CODE[code] ?? BoltStatus.unknown;
}
