// Guards routes that are for the ones who run the collector: by token, and without tokens by being on
// this machine.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { hostnameOf, isLoopback } from './addresses.ts';
import type { AccessCheck } from './tokens.ts';

/**
 * An `onRequest` hook that lets through those whom `check` grants it: 401 without a known token, 403
 * for one without the right. Where `check` asks for no token, only callers on this machine pass, and no
 * pages in a browser there.
 *
 * @param what the things behind the guard, as a plural
 */
export function guard(what: string, check: AccessCheck) {
  const isOpen = check(undefined) === 'granted';
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    if (isOpen) {
      if (isFromHere(request)) return undefined;
      return problem(reply, 403, `${what} can be reached from this machine only, not from a page`);
    }
    const verdict = check(request.headers.authorization);
    if (verdict === 'granted') return undefined;
    if (verdict === 'forbidden') return problem(reply, 403, `${what}: an admin token is needed`);
    reply.header('www-authenticate', 'Bearer realm="faultline"');
    return problem(reply, 401, `${what}: a token with this right is needed as bearer`);
  };
}

/** Answers with a short RFC 9457 problem document. */
export function problem(reply: FastifyReply, status: number, title: string): FastifyReply {
  return reply
    .code(status)
    .header('content-type', 'application/problem+json')
    .send(JSON.stringify({ title, status }));
}

/** Others on the network, and pages in a browser on this machine, are not. */
function isFromHere({ socket, headers }: FastifyRequest): boolean {
  const caller = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  const host = (hostnameOf(headers.host) ?? '').replace(/^\[|\]$/g, '');
  return isLoopback(caller) && isLoopback(host) && headers.origin === undefined;
}
