// Dead letters over HTTP, for `faultline deadletters`: under /admin/deadletters of the OTLP/HTTP port.
import type { FastifyInstance, FastifyReply } from 'fastify';
import { guard, problem } from '../serving/guard.ts';
import type { AccessCheck } from '../serving/tokens.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { DeadLetter, DeadLetterId } from './entry.ts';

const MAX_LISTED = 1000;

/**
 * Adds the routes to a server that does not listen yet.
 * @param access who may use them; where it asks for no token, callers on this machine
 */
export function addDeadLetterRoutes(
  app: FastifyInstance,
  deadLetters: DeadLetters,
  access: AccessCheck,
): void {
  app.register(
    async (admin) => {
      admin.addHook('onRequest', guard('dead letters', access));
      admin.setErrorHandler((error, _request, reply) =>
        problem(reply, 503, `dead letters cannot be changed now: ${(error as Error).message}`),
      );
      admin.get<{ Querystring: { limit?: string } }>('/', async (request, reply) => {
        const limit = limitOf(request.query.limit ?? '100');
        if (limit === undefined) return badLimit(reply);
        const items = deadLetters.list(limit).map(shown);
        return { items, total: deadLetters.count };
      });
      admin.post<{ Querystring: { limit?: string } }>('/replay', async (request, reply) => {
        const { limit } = request.query;
        if (limit === undefined) return { replayed: deadLetters.replay('all') };
        const count = limitOf(limit);
        if (count === undefined) return badLimit(reply);
        return { replayed: deadLetters.replay(deadLetters.list(count).map(({ id }) => id)) };
      });
      admin.delete('/', async () => ({ dropped: deadLetters.drop('all') }));
      admin.get<{ Params: { id: string } }>('/:id', async (request, reply) => {
        const letter = deadLetters.get(request.params.id);
        return letter ? shown(letter) : unknown(reply, request.params.id);
      });
      admin.post<{ Params: { id: string } }>('/:id/replay', async (request, reply) => {
        const replayed = deadLetters.replay([request.params.id]);
        return replayed ? { replayed } : unknown(reply, request.params.id);
      });
      admin.delete<{ Params: { id: string } }>('/:id', async (request, reply) => {
        const dropped = deadLetters.drop([request.params.id]);
        return dropped ? { dropped } : unknown(reply, request.params.id);
      });
    },
    { prefix: '/admin/deadletters' },
  );
}

function shown({ id, table, row, reason, at }: DeadLetter & { id: DeadLetterId }) {
  return { id, table, reason, refused_at: new Date(at).toISOString(), row: JSON.parse(row) };
}

function limitOf(text: string): number | undefined {
  const limit = Number(text);
  return Number.isInteger(limit) && limit >= 1 && limit <= MAX_LISTED ? limit : undefined;
}

const badLimit = (reply: FastifyReply): FastifyReply =>
  problem(reply, 400, `limit: expected 1 to ${MAX_LISTED}`);

const unknown = (reply: FastifyReply, id: string): FastifyReply =>
  problem(reply, 404, `no dead letter ${id.slice(0, 100)}`);
