// Groups over HTTP.
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { pageOf } from '../base/schemas.ts';
import type { GroupsHistory } from '../questions/groups/questions.ts';
import {
  group,
  groupChange,
  groupDetail,
  groupEvent,
  groupsQuery,
} from '../questions/groups/schemas.ts';
import { problem } from './problem.ts';

const errors = { '4xx': problem, '5xx': problem };
// Its form is checked by the question, which names the field.
const named = z.object({ fingerprint: z.string().max(512) });

export function groupsRoutes(history: GroupsHistory): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    app.get(
      '/groups',
      {
        schema: {
          summary: 'Groups of failures with their state, those that failed last first',
          querystring: groupsQuery,
          response: { 200: pageOf(group), ...errors },
        },
      },
      (request) => history.groups(request.query),
    );
    app.get(
      '/groups/:fingerprint',
      {
        schema: {
          summary: 'One group with its members, events, fixes and hours',
          params: named,
          response: { 200: groupDetail, ...errors },
        },
      },
      (request) => history.group(request.params.fingerprint),
    );
    app.post(
      '/groups/:fingerprint/events',
      {
        config: { access: 'administer' },
        schema: {
          summary:
            'Say something about a group: resolve, ignore, reopen, merge, split, annotate, note',
          params: named,
          body: groupChange,
          response: { 201: groupEvent, ...errors },
        },
      },
      async (request, reply) =>
        reply.code(201).send(await history.changeGroup(request.params.fingerprint, request.body)),
    );
    done();
  };
}
