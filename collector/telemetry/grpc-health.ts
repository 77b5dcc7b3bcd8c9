// grpc.health.v1.Health/Check: what a prober asks a gRPC server, without a token.
import { type Server, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';

export const HEALTH_PATH = '/grpc.health.v1.Health/Check';
/** HealthCheckResponse with a `status`, the field 1. */
const SERVING = Buffer.from([0x08, 1]);
const NOT_SERVING = Buffer.from([0x08, 2]);

/**
 * Adds the service. It answers for the server as a whole, that is for a request without a service name.
 * @param notReady why nothing can be taken now; undefined when it can
 */
export function addHealthService(
  server: Server,
  notReady: () => Promise<string | undefined>,
): void {
  const asItIs = (bytes: Buffer): Buffer => bytes;
  const check = {
    path: HEALTH_PATH,
    requestStream: false,
    responseStream: false,
    requestSerialize: asItIs,
    requestDeserialize: asItIs,
    responseSerialize: asItIs,
    responseDeserialize: asItIs,
  };
  server.addService(
    { Check: check },
    {
      Check: (
        { request }: ServerUnaryCall<Buffer, Buffer>,
        answer: sendUnaryData<Buffer>,
      ): void => {
        if (request.length > 0) {
          answer({ code: status.NOT_FOUND, details: 'only the server as a whole is known' });
          return;
        }
        notReady().then(
          (reason) => answer(null, reason === undefined ? SERVING : NOT_SERVING),
          () => answer(null, NOT_SERVING),
        );
      },
    },
  );
}
