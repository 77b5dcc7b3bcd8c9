// How often one may ask: a bound for each token or, where none is needed, for each address.
import { createHash } from 'node:crypto';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { TooManyRequestsError } from '../base/errors.ts';

/** Requests are counted for this long; nobody has to wait longer. */
const WINDOW_SECONDS = 10;

/**
 * Lets each asker send so many requests a second, on average over 10 s; routes that are open to all are
 * not counted. Answers say in `RateLimit-*` headers what is left. Has to come before the routes, and
 * the check of tokens before it: only tokens that are known are counted.
 *
 * @param perSecond 0 = as many as one likes
 * @param isOpen whether one may ask without a token; then addresses are counted, since a token that
 *   nobody checks could be another with each request
 * @throws {TooManyRequestsError} in the hook: 429, with `Retry-After`
 */
export async function limitRate(
  app: FastifyInstance,
  perSecond: number,
  isOpen: boolean,
): Promise<void> {
  if (perSecond === 0) return;
  await app.register(rateLimit, {
    max: perSecond * WINDOW_SECONDS,
    timeWindow: WINDOW_SECONDS * 1000,
    enableDraftSpec: true,
    allowList: (request) => request.routeOptions.config.access === 'open',
    errorResponseBuilder: (_request, { max, ttl }) =>
      new TooManyRequestsError(
        `more than ${max} requests in ${WINDOW_SECONDS} s; ` +
          `ask again in ${Math.ceil(ttl / 1000)} s`,
      ),
    ...(!isOpen && { keyGenerator: tokenOf }),
  });
}

/** A token's hash: tokens themselves are kept nowhere. */
function tokenOf({ headers }: FastifyRequest): string {
  const token = headers.authorization?.trim().split(/ +/).at(-1) ?? '';
  return createHash('sha256').update(token).digest('base64');
}
