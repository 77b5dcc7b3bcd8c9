// Fastify without its own compilers of schemas.
import type { FastifyServerOptions } from 'fastify';

/** For a server whose routes have no schemas, or that sets compilers of its own: Fastify's take a tenth of a second to load. */
export const noCompilers: NonNullable<FastifyServerOptions['schemaController']> = {
  compilersFactory: { buildValidator: unexpected, buildSerializer: unexpected },
};

function unexpected(): never {
  throw new Error('a route has a schema, and its server no compiler for it');
}
