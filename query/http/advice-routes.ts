// Whether to try again, over HTTP.
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { given } from '../base/given.ts';
import type { RetryHistory } from '../questions/advice/advice.ts';
import { retryAdvice, retryQuery } from '../questions/advice/schemas.ts';
import { problem } from './problem.ts';

export function adviceRoutes(history: RetryHistory): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    app.get(
      '/agents/:id/retry-advice',
      {
        // It is kept where it is made, and tells its own age.
        config: { alwaysFresh: true },
        schema: {
          summary: 'Whether to try a failed node again: chance, usual wait, how the node does',
          params: z.object({ id: z.string().max(512) }),
          querystring: retryQuery,
          response: { 200: retryAdvice, '4xx': problem, '5xx': problem },
        },
      },
      (request) => history.retryAdvice(request.params.id, given(request.query)),
    );
    done();
  };
}
