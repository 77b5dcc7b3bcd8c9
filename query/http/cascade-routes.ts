// What followed from what in a failure's run, over HTTP.
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { CascadeHistory } from '../questions/cascade/questions.ts';
import { cascade } from '../questions/cascade/schemas.ts';
import { problem } from './problem.ts';

export function cascadeRoutes(history: CascadeHistory): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    app.get(
      '/failures/:id/cascade',
      {
        schema: {
          summary: "What failed in a failure's run, what followed from what, and how it went on",
          params: z.object({ id: z.string().max(512) }),
          response: { 200: cascade, '4xx': problem, '5xx': problem },
        },
      },
      (request) => history.cascade(request.params.id),
    );
    done();
  };
}
