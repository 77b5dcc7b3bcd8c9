// Who may ask and who may change something, over HTTP.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AccessDeniedError } from '../base/errors.ts';

type Verdict = 'granted' | 'unauthenticated' | 'forbidden';

/** Says for an `Authorization` header what its bearer may do. */
export interface Access {
  read(authorization: string | undefined): Verdict;
  administer(authorization: string | undefined): Verdict;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What one has to be allowed to do here. @default 'read' */
    access?: 'open' | 'read' | 'administer';
  }
}

/**
 * A hook that asks `access` before anything of the request is looked at.
 * @throws {AccessDeniedError} in the hook: 401 without a known token, 403 for one without the right
 */
export function requireAccess(access: Access) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const needed = request.routeOptions.config.access ?? 'read';
    if (needed === 'open') return;
    const verdict = access[needed](request.headers.authorization);
    if (verdict === 'granted') return;
    if (verdict === 'forbidden') {
      throw new AccessDeniedError(403, 'this token may read only; an admin token is needed here');
    }
    reply.header('www-authenticate', 'Bearer realm="faultline"');
    const kind = needed === 'read' ? 'a query or admin token' : 'a token with this right';
    throw new AccessDeniedError(401, `${kind} is needed as bearer`);
  };
}
