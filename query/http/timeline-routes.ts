// Why an agent became what it is, over HTTP.
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { given } from '../base/given.ts';
import { pageOf } from '../base/schemas.ts';
import { timelineEvent, timelineQuery } from '../questions/timeline/schemas.ts';
import type { TimelineHistory } from '../questions/timeline/timeline.ts';
import { problem } from './problem.ts';

export function timelineRoutes(history: TimelineHistory): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    app.get(
      '/agents/:id/timeline',
      {
        schema: {
          summary:
            'Versions, evolutions, groups that came and went, and what was said, newest first',
          params: z.object({ id: z.string().max(512) }),
          querystring: timelineQuery,
          response: { 200: pageOf(timelineEvent), '4xx': problem, '5xx': problem },
        },
      },
      (request) => history.timeline(request.params.id, given(request.query)),
    );
    done();
  };
}
