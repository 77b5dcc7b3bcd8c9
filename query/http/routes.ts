// A route for each question.
import type { FastifyPluginCallback, FastifyReply } from 'fastify';
import { z } from 'zod';
import { askedBy, forOthersToo } from '../base/asker.ts';
import { InvalidInputError } from '../base/errors.ts';
import { MAX_NAME } from '../base/fields.ts';
import { type MaybePartial, PARTIAL_HEADER, partialHeader } from '../base/partial.ts';
import { type Question, valuesOf } from '../base/question.ts';
import { type History, listed } from '../history.ts';
import { isShared } from './answers.ts';
import { problem } from './problem.ts';

type Fields = Record<string, unknown>;

/** Routes of all questions. Inputs are checked by the question itself, so not by Fastify too. */
export function questionRoutes(history: History): FastifyPluginCallback {
  return (app, _options, done) => {
    app.setValidatorCompiler(() => (value) => ({ value }));
    for (const [name, asked] of listed) {
      const { path, method, changes, alwaysFresh } = asked;
      const answer = history[name] as (...values: unknown[]) => Promise<MaybePartial>;
      app.route<{ Params: Record<string, string> }>({
        url: path,
        method,
        config: { access: changes ? 'administer' : 'read', alwaysFresh },
        schema: schemaOf(asked),
        async handler(request, reply) {
          const [id] = Object.values(request.params);
          const fields = method === 'GET' ? (request.query as Fields) : fieldsIn(request.body);
          const ask = () => answer(...valuesOf(asked, id, fields));
          // A change goes on: its sender may want to know later that it was made.
          const value = await (changes || isShared(request)
            ? forOthersToo(ask)
            : askedBy(whenGone(reply), ask));
          if (value.partial) reply.header(PARTIAL_HEADER, partialHeader(value.partial));
          return changes ? reply.code(201).send(value) : value;
        },
      });
    }
    done();
  };
}

function schemaOf({ summary, path, method, input, hasInput, output, changes }: Question) {
  const [name] = /(?<=:)\w+/.exec(path) ?? [];
  return {
    summary,
    ...(name && { params: z.object({ [name]: z.string().max(MAX_NAME) }) }),
    ...(hasInput && { [method === 'GET' ? 'querystring' : 'body']: input }),
    response: { [changes ? 201 : 200]: output, '4xx': problem, '5xx': problem },
  };
}

function fieldsIn(body: unknown): Fields {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Fields;
  throw new InvalidInputError('body', 'expected a JSON object');
}

/** Says that the client has left before it was answered. */
function whenGone({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  raw.once('close', () => {
    if (!raw.writableFinished) gone.abort();
  });
  return gone.signal;
}

/** The history, after whose changes `afterChange` is called. */
export function noticingChanges(history: History, afterChange: () => void): History {
  const changing = listed
    .filter(([, { changes }]) => changes)
    .map(([name]) => {
      const change = history[name] as (...values: unknown[]) => Promise<unknown>;
      return [name, (...values: unknown[]) => change(...values).finally(afterChange)];
    });
  return { ...history, ...Object.fromEntries(changing) };
}
