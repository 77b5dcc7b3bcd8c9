// The inputs that failed, over HTTP.
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { given } from '../base/given.ts';
import { pageOf } from '../base/schemas.ts';
import type { CasesHistory } from '../questions/cases/cases.ts';
import { casesQuery, failureCase } from '../questions/cases/schemas.ts';
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
