// The routes of the questions as an OpenAPI document.
import swagger from '@fastify/swagger';
import Fastify from 'fastify';
import {
  createJsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
} from 'fastify-type-provider-zod';
import type { History } from '../history.ts';
import { questionRoutes } from './routes.ts';

/** Describes the routes: they are made once more beside a describer, which those that answer do without. */
export async function describeRoutes(history: History, prefix: string): Promise<object> {
  const app = Fastify();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Faultline query service', version: '1' },
    },
    transform: createJsonSchemaTransform({}),
  });
  await app.register(questionRoutes(history), { prefix });
  await app.ready();
  const document = app.swagger();
  await app.close();
  return document;
}
