// The inputs that failed, over HTTP.
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { CasesHistory } from '../cases/cases.ts';
import { casesQuery, failureCase } from '../cases/schemas.ts';
import { pageOf } from '../schemas.ts';
import { given } from './given.ts';
import { problem } from './problem.ts';

export function casesRoutes(history: CasesHistory): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    app.get(
      '/groups/:fingerprint/cases',
      {
        schema: {
          summary: 'The inputs on which a group failed, newest first',
          params: z.object({ fingerprint: z.string().max(512) }),
          querystring: casesQuery,
          response: { 200: pageOf(failureCase), '4xx': problem, '5xx': problem },
        },
      },
      (request) => history.cases(request.params.fingerprint, given(request.query)),
    );
    done();
  };
}
