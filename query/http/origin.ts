// Keeps web pages of others out: cross-site requests, and names that were rebound to this machine.
import { validateHostHeader, validateOriginHeader } from '@modelcontextprotocol/server';
import type { FastifyRequest } from 'fastify';
import { hostnameOf } from '../../collector/serving/addresses.ts';
import { AccessDeniedError } from '../base/errors.ts';

/** The headers of a request that say from where and for whom it comes. */
interface RequestOrigin {
  host: string | undefined;
  origin: string | undefined;
}

const LOCAL = ['localhost', '127.0.0.1', '[::1]'];
const LOOPBACK_ADDRESS = /^127(?:\.\d{1,3}){3}$/;

/**
 * An `onRequest` hook that refuses what {@link originProblem} finds, except where all may ask.
 * @param isOpen whether one may ask without a token
 * @throws {AccessDeniedError} in the hook: 403
 */
export function keepPagesOut(isOpen: boolean) {
  return async ({ headers, routeOptions }: FastifyRequest): Promise<void> => {
    if (routeOptions.config.access === 'open') return;
    const problem = originProblem({ host: headers.host, origin: headers.origin }, isOpen);
    if (problem !== undefined) throw new AccessDeniedError(403, problem);
  };
}

/**
 * What is wrong with where a request comes from. A page may ask only from the host that it asks, or
 * from this machine when that is this machine. Where no token is needed the host has to be a name of
 * this machine, since a page of others can make its own name point here, but cannot know a token.
 */
function originProblem({ host, origin }: RequestOrigin, isOpen: boolean): string | undefined {
  const own = hostnameOf(host);
  // An address cannot be rebound; only a name can.
  const local = own !== undefined && LOOPBACK_ADDRESS.test(own) ? [...LOCAL, own] : LOCAL;
  const isToLocal = validateHostHeader(host, local).ok;
  if (isOpen && !isToLocal) {
    return 'this host is not asked by a name of its own machine; a token would be needed';
  }
  const allowed = isToLocal ? local : own === undefined ? [] : [own];
  return validateOriginHeader(origin, allowed).ok
    ? undefined
    : 'pages of other origins may not ask here';
}
