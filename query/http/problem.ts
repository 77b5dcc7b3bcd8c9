// RFC 9457 problem documents.
import type { FastifyError } from 'fastify';
import { z } from 'zod';
import {
  AccessDeniedError,
  InvalidInputError,
  NotFoundError,
  TooManyRequestsError,
  UnavailableError,
} from '../base/errors.ts';

export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  /** The name of the field that has to be changed, where one is to blame. */
  field: z.string().optional(),
});
export type Problem = z.infer<typeof problem>;

/** What the caller learns of an error. Nothing of our internals is in it. */
export function toProblem(error: unknown): Problem {
  if (error instanceof InvalidInputError) {
    return { ...document(400, 'Invalid input', error.message), field: error.field };
  }
  if (error instanceof NotFoundError) {
    return { ...document(404, 'Not found', error.message), field: error.field };
  }
  if (error instanceof AccessDeniedError) {
    const title = error.status === 401 ? 'Unauthorized' : 'Forbidden';
    return document(error.status, title, error.message);
  }
  const [invalid] = (error as FastifyError).validation ?? [];
  if (invalid) return invalidRequest(invalid);
  if (error instanceof TooManyRequestsError) {
    return document(429, 'Too many requests', error.message);
  }
  if (error instanceof UnavailableError) return document(503, 'Unavailable', error.message);
  const status = (error as { statusCode?: number }).statusCode;
  if (status && status >= 400 && status < 500) {
    return document(status, 'Invalid request', (error as Error).message);
  }
  return document(500, 'Internal error', 'the query service could not answer; its log says why');
}

type Invalid = NonNullable<FastifyError['validation']>[number];

/** A request that its schema refuses; the field's path comes as `/limit`, unknown keys in `params`. */
function invalidRequest({ instancePath, message, params }: Invalid): Problem {
  const { keys } = (params ?? {}) as { keys?: string[] };
  const field = [...instancePath.split('/'), ...(keys ?? []).slice(0, 1)].filter(Boolean).join('.');
  const name = field || 'body';
  return {
    ...document(400, 'Invalid input', `${name}: ${message ?? 'not understood'}`),
    field: name,
  };
}

function document(status: number, title: string, detail: string): Problem {
  return { type: 'about:blank', title, status, detail };
}

/** The error that a problem document stands for: the way back, for the client. */
export function fromProblem({ status, detail, field }: Problem): Error {
  const message =
    field && detail.startsWith(`${field}: `) ? detail.slice(field.length + 2) : detail;
  if (status === 401 || status === 403) return new AccessDeniedError(status, detail);
  if (status === 404) return Object.assign(new NotFoundError(field ?? '', ''), { message: detail });
  if (status === 429) return new TooManyRequestsError(detail);
  if (status < 500) return new InvalidInputError(field ?? 'request', message);
  return new UnavailableError(detail);
}
