/**
 * The shape that SDKs expect. They take any status but 200 for a dead sidecar and show nothing of
 * the body, so what an SDK can run into is told with 200. `data` is never a key: Node's SDK
 * looks for it and then reads the reply as if it were an array.
 */
export interface ApiBody {
  readonly success: boolean;
  readonly errorMessage: string;
  readonly data?: never;
  readonly [key: string]: unknown;
}

export interface ApiReply {
  readonly status: number;
  readonly body: ApiBody;
  /** With 405: the methods that the path knows. */
  readonly allow?: string;
}

export function success(fields: Readonly<Record<string, unknown>> = {}): ApiReply {
  return { status: 200, body: { success: true, errorMessage: '', ...fields } };
}

/** `errorMessage` tells what to do next. */
export function failure(status: number, errorMessage: string): ApiReply {
  return { status, body: { success: false, errorMessage } };
}
