// A route for each question.
import type { FastifyPluginCallback } from 'fastify';
import { z } from 'zod';
import { InvalidInputError } from '../base/errors.ts';
import { MAX_NAME } from '../base/fields.ts';
import { type Question, valuesOf } from '../base/question.ts';
import { type History, listed } from '../history.ts';
import { problem } from './problem.ts';

type Fields = Record<string, unknown>;

/** Routes of all questions. Inputs are checked by the question itself, so not by Fastify too. */
export function questionRoutes(history: History): FastifyPluginCallback {
  return (app, _options, done) => {
    app.setValidatorCompiler(() => (value) => ({ value }));
    for (const [name, asked] of listed) {
      const { path, method, changes, alwaysFresh } = asked;
      const answer = history[name] as (...values: unknown[]) => Promise<unknown>;
      app.route<{ Params: Record<string, string> }>({
        url: path,
        method,
        config: { access: changes ? 'administer' : 'read', alwaysFresh },
        schema: schemaOf(asked),
        async handler({ params, query, body }, reply) {
          const [id] = Object.values(params);
          const fields = method === 'GET' ? (query as Fields) : fieldsIn(body);
          const value = await answer(...valuesOf(asked, id, fields));
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
