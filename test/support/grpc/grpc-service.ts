import { join } from 'node:path';
import { loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';

/** As in calls.proto; what is not set is the type's zero. */
export interface Call {
  readonly text?: string;
  readonly payload?: Buffer;
  readonly size?: number;
  readonly count?: number;
  readonly code?: number;
  readonly details?: string;
  readonly hang?: boolean;
}

export interface Reply {
  readonly text: string;
  readonly payload: Buffer;
  readonly received: number;
}

export type Method = 'Unary' | 'Collect' | 'Spread' | 'Chat';

function readProto(): PackageDefinition {
  return loadSync(join(import.meta.dirname, 'calls.proto'), { keepCase: true, defaults: true });
}

/** calls.proto as a FileDescriptorProto, for who has a protobuf of its own. */
export function callsDescriptor(): Uint8Array {
  const { fileDescriptorProtos } = readProto()['demo.Call'] as unknown as {
    readonly fileDescriptorProtos: readonly Buffer[];
  };
  return fileDescriptorProtos[0]!;
}

/** The service's definition and its client, as grpc-js makes them of calls.proto. */
export function loadCalls(): ServiceClientConstructor {
  const { demo } = loadPackageDefinition(readProto()) as unknown as {
    readonly demo: { readonly Calls: ServiceClientConstructor };
  };
  return demo.Calls;
}

/** Bytes that do not compress to nothing and are the same each time. */
export function bytesOf(size: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >>> 8)) & 0xff));
}
