import type { FastifyRequest } from 'fastify';
import { originProblem } from '../../collector/serving/origin.ts';
import { AccessDeniedError } from '../base/errors.ts';

/**
 * An `onRequest` hook that refuses requests of web pages of others, except where all may ask.
 * @param isOpen whether one may ask without a token
 * @throws {AccessDeniedError} in the hook: 403
 */
export function keepPagesOut(isOpen: boolean) {
  return async ({ headers, routeOptions }: FastifyRequest): Promise<void> => {
    if (routeOptions.config.access === 'open') return;
    const problem = originProblem(headers, isOpen);
    if (problem !== undefined) throw new AccessDeniedError(403, problem);
  };
}
