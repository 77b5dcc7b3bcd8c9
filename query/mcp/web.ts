// MCP as web requests and answers: Streamable HTTP, and plain JSON-RPC without a session.
import {
  createMcpHandler,
  isLegacyRequest,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import type { FastifyBaseLogger } from 'fastify';
import { askedBy } from '../base/asker.ts';
import { InvalidInputError } from '../base/errors.ts';
import type { History } from '../history.ts';
import type { Access } from '../http/access.ts';
import { ANSWER_FORMS, type AnswerForm, createMcpServer } from './server.ts';

export interface McpOptions {
  history: History;
  version: string;
  /** Who may do what. @default everyone everything */
  access?: Access | undefined;
}

/** Answers of the protocol. */
export interface McpWeb {
  /** At `/mcp`. @throws {InvalidInputError} on an unknown form of answers */
  answer(asked: Request, namesStream: boolean): Promise<Response>;
  /** Neither a session nor an `initialize` comes first, and the answer is JSON whatever is accepted. */
  answerInJson(asked: Request): Promise<Response>;
  close(): Promise<void>;
}

/** Streams of changes that may be open; the tools never change, so nobody gains by one. */
const MOST_SUBSCRIPTIONS = 8;

/** Opens what answers. Reading is what they need who ask; tools that change, more. */
export function createMcpWeb(
  { history, version, access }: McpOptions,
  log: FastifyBaseLogger,
): McpWeb {
  const report = (error: unknown) => log.error({ err: error }, 'an MCP request failed');
  const serverFor = (url: string, authorization: string | undefined) =>
    createMcpServer({
      history,
      version,
      mayChange: access === undefined || access.administer(authorization) === 'granted',
      answers: answerForm(url),
      report,
    });

  const streamable = createMcpHandler(
    ({ requestInfo }) =>
      serverFor(requestInfo?.url ?? '', requestInfo?.headers.get('authorization') ?? undefined),
    {
      onerror: (error) => log.debug({ err: error }, 'MCP'),
      maxSubscriptions: MOST_SUBSCRIPTIONS,
    },
  );

  const answerInJson = async (asked: Request): Promise<Response> => {
    const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
    const server = serverFor(asked.url, asked.headers.get('authorization') ?? undefined);
    await server.connect(transport);
    asked.signal.addEventListener('abort', () => server.close().catch(report));
    return askedBy(asked.signal, () => transport.handleRequest(asked));
  };

  return {
    answerInJson,
    async answer(asked, namesStream) {
      answerForm(asked.url);
      // The protocol asks for both types by name. Who names none, or only JSON, wants an answer all the same.
      return asked.method === 'POST' && !namesStream && (await isLegacyRequest(asked.clone()))
        ? answerInJson(asked)
        : askedBy(asked.signal, () => streamable.fetch(asked));
    },
    close: () => streamable.close(),
  };
}

/** The form of answers that the address asks for: `?answers=data`. */
function answerForm(url: string): AnswerForm {
  const form = new URL(url, 'http://localhost').searchParams.get('answers') ?? 'text';
  const known = ANSWER_FORMS.find((name) => name === form);
  if (!known) throw new InvalidInputError('answers', `expected ${ANSWER_FORMS.join(' or ')}`);
  return known;
}
