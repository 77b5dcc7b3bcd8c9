// Why an agent became what it is, over HTTP.
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { pageOf } from '../schemas.ts';
import { timelineEvent, timelineQuery } from '../timeline/schemas.ts';
import type { TimelineHistory } from '../timeline/timeline.ts';
import { given } from './given.ts';
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
