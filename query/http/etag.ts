// Entity tags: a client that has an answer already gets a 304 instead of the same bytes.
import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * An `onSend` hook for what is read under /api/v1. The tag is a hash of the answer, so the question is
 * asked all the same, but an unchanged answer costs no transfer.
 */
export async function tagAnswers(
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
): Promise<unknown> {
  const isRead = request.method === 'GET' && request.routeOptions.url?.startsWith('/api/v1/');
  if (!isRead || reply.statusCode !== 200 || typeof payload !== 'string') return payload;
  const tag = `"${createHash('sha256').update(payload).digest('base64url')}"`;
  reply.header('etag', tag).header('cache-control', 'private, no-cache');
  if (!isKnown(request.headers['if-none-match'], tag)) return payload;
  reply.code(304).removeHeader('content-length').removeHeader('content-type');
  return null;
}

/** Whether `If-None-Match` has the tag; proxies that compress make it a weak one, `W/"…"`. */
function isKnown(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  const names = header.split(',').map((name) => name.trim().replace(/^W\//, ''));
  return names.includes(tag) || names.includes('*');
}
