import { join } from 'node:path';
import {
  loadPackageDefinition,
  type sendUnaryData,
  type Server,
  type ServerUnaryCall,
  type ServiceClientConstructor,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

export type ServingStatus = 'UNKNOWN' | 'SERVING' | 'NOT_SERVING';

/** What a server says of its services, by name; '' is the server as a whole. */
export type Serving = Map<string, ServingStatus>;

type Check = ServerUnaryCall<{ readonly service: string }, { readonly status: ServingStatus }>;

/** Makes `server` answer grpc.health.v1.Health/Check as `serving` says, which may change. */
export function addHealth(server: Server, serving: Serving): void {
  const loaded = loadPackageDefinition(
    loadSync(join(import.meta.dirname, 'health.proto'), { defaults: true, enums: String }),
  );
  const { grpc } = loaded as unknown as {
    readonly grpc: { readonly health: { readonly v1: { readonly Health: ServiceClientConstructor } } };
  };
  server.addService(grpc.health.v1.Health.service, {
    Check({ request }: Check, callback: sendUnaryData<{ readonly status: ServingStatus }>) {
      const known = serving.get(request.service);
      if (known === undefined) callback({ code: status.NOT_FOUND, details: 'unknown service' });
      else callback(null, { status: known });
    },
  });
}
