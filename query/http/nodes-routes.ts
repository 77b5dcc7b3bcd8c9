// How the nodes of an agent fare, over HTTP.
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { given } from '../base/given.ts';
import { pageOf } from '../base/schemas.ts';
import type { NodesHistory } from '../questions/nodes/nodes.ts';
import { nodeHealth, nodesQuery } from '../questions/nodes/schemas.ts';
import { problem } from './problem.ts';

export function nodesRoutes(history: NodesHistory): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    app.get(
      '/agents/:id/nodes',
      {
        schema: {
          summary: 'How the nodes of an agent fare, on the version in use or on each',
          params: z.object({ id: z.string().max(512) }),
          querystring: nodesQuery,
          response: { 200: pageOf(nodeHealth), '4xx': problem, '5xx': problem },
        },
      },
      (request) => history.nodes(request.params.id, given(request.query)),
    );
    done();
  };
}
