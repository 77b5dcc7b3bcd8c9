// `POST /admin/forget` of the OTLP/HTTP port, for `faultline forget`.
import type { FastifyInstance } from 'fastify';
import { guard, problem } from '../serving/guard.ts';
import type { AccessCheck } from '../serving/tokens.ts';
import type { Forgotten } from './forget.ts';
import { ForgetInputError, type ForgetTarget, forgetTarget } from './target.ts';

const MOST_CHARS = 64 * 1024;

/**
 * Adds the route to a server that does not listen yet.
 * @param access who may use it; where it asks for no token, callers on this machine
 */
export function addForgetRoute(
  app: FastifyInstance,
  forget: (target: ForgetTarget) => Promise<Forgotten>,
  access: AccessCheck,
): void {
  let isBusy = false;
  app.register(async (admin) => {
    admin.addHook('onRequest', guard('what is stored', access));
    admin.addContentTypeParser(
      'application/json',
      { parseAs: 'string', bodyLimit: MOST_CHARS },
      (_request, body, done) => done(null, body),
    );
    admin.setErrorHandler((error, _request, reply) => {
      const { message } = error as Error;
      if (error instanceof ForgetInputError) return problem(reply, 400, message);
      return problem(reply, 503, `nothing can be forgotten now: ${message.slice(0, 500)}`);
    });
    admin.post('/admin/forget', async (request, reply) => {
      const target = forgetTarget(parsed(request.body));
      if (isBusy)
        return problem(reply, 409, 'something is being forgotten already: try again later');
      isBusy = true;
      try {
        return await forget(target);
      } finally {
        isBusy = false;
      }
    });
  });
}

function parsed(body: unknown): unknown {
  try {
    return JSON.parse(String(body));
  } catch {
    throw new ForgetInputError('the body is not JSON');
  }
}
