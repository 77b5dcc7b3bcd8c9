// Similar failures over HTTP.
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { given } from '../base/given.ts';
import { pageOf } from '../base/schemas.ts';
import type { SimilarHistory } from '../questions/similar/questions.ts';
import { similarGroup, similarQuery } from '../questions/similar/schemas.ts';
import { problem } from './problem.ts';

export function similarRoutes(history: SimilarHistory): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    app.get(
      '/failures/similar',
      {
        schema: {
          summary: 'The groups that are most like a failure or a message, and what was tried there',
          querystring: similarQuery,
          response: { 200: pageOf(similarGroup), '4xx': problem, '5xx': problem },
        },
      },
      (request) => history.similarFailures(given(request.query)),
    );
    done();
  };
}
