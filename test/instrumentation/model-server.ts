// A language model for tests: answers what it is told to, over HTTP, in the formats of OpenAI's Responses
// API and of chat completions, streamed or not.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the model does next. */
export type Reply =
  | { text: string; finish?: string }
  | { calls: readonly { name: string; arguments: unknown }[] }
  /** An error of the API. */
  | { status: number; error: string; code?: string; headers?: Record<string, string> }
  /** Breaks the connection off in the middle of the answer. */
  | { breaksOff: true }
  /** Never answers. */
  | { hangs: true };

export class ModelServer {
  /** Taken one by one; when none is left the model says `ok`. */
  replies: Reply[] = [];
  // biome-ignore lint/suspicious/noExplicitAny: values of tests
  readonly requests: any[] = [];
  readonly #server = createServer((request, response) => {
    void this.#answer(request, response);
  });

  /** The base address for a client. */
  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this.url;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += chunk;
    const body = JSON.parse(text);
    this.requests.push(body);
    const reply = this.replies.shift() ?? { text: 'ok' };
    if ('hangs' in reply) return;
    if ('status' in reply) {
      const { error: message, code = null, headers = {} } = reply;
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      // OpenAI's client would try again by itself.
      response.setHeader('x-should-retry', 'false');
      json(response, reply.status, { error: { message, type: 'api_error', param: null, code } });
      return;
    }
    const format = request.url?.endsWith('/responses') ? responses : completions;
    if ('breaksOff' in reply) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const line of format.stream({ text: 'half' }, body.model).slice(0, 2)) {
        response.write(line);
      }
      response.write('', () => response.destroy());
      return;
    }
    if (!body.stream) {
      json(response, 200, format.whole(reply, body.model));
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(format.stream(reply, body.model).join(''));
  }
}

type Answer = Extract<Reply, { text: string } | { calls: unknown }>;

interface Format {
  whole(reply: Answer, model: string): object;
  stream(reply: Answer, model: string): string[];
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

let calls = 0;
const callsOf = (reply: Answer) =>
  'calls' in reply
    ? reply.calls.map(({ name, arguments: given }) => {
        calls += 1;
        const text = typeof given === 'string' ? given : JSON.stringify(given);
        return { id: `call_${calls}`, name, arguments: text };
      })
    : [];

const responses: Format = {
  whole(reply, model) {
    const output =
      'text' in reply
        ? [
            {
              type: 'message',
              id: 'msg_1',
              role: 'assistant',
              status: 'completed',
              content: [{ type: 'output_text', text: reply.text, annotations: [], logprobs: [] }],
            },
          ]
        : callsOf(reply).map(({ id, ...call }) => ({
            type: 'function_call',
            id: `fc_${id}`,
            call_id: id,
            status: 'completed',
            ...call,
          }));
    return {
      id: 'resp_1',
      object: 'response',
      created_at: 0,
      status: 'completed',
      model,
      output,
      usage: {
        input_tokens: 11,
        input_tokens_details: { cached_tokens: 0 },
        output_tokens: 7,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: 18,
      },
    };
  },
  stream(reply, model) {
    const response = this.whole(reply, model) as { output: object[] };
    const events: object[] = [
      { type: 'response.created', response: { ...response, status: 'in_progress', output: [] } },
      ...response.output.flatMap((item, output_index) => [
        { type: 'response.output_item.added', output_index, item },
        { type: 'response.output_item.done', output_index, item },
      ]),
      { type: 'response.completed', response },
    ];
    return events.map((event, sequence_number) => {
      const { type } = event as { type: string };
      return `event: ${type}\ndata: ${JSON.stringify({ sequence_number, ...event })}\n\n`;
    });
  },
};

const completions: Format = {
  whole(reply, model) {
    const message =
      'text' in reply
        ? { role: 'assistant', content: reply.text }
        : { role: 'assistant', content: null, tool_calls: toolCalls(reply) };
    const finish_reason = finishOf(reply);
    return {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 0,
      model,
      choices: [{ index: 0, message, finish_reason }],
      usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
    };
  },
  stream(reply, model) {
    const chunk = (delta: object, finish_reason: string | null) => ({
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 0,
      model,
      choices: [{ index: 0, delta, finish_reason }],
    });
    const chunks =
      'text' in reply
        ? [
            chunk({ role: 'assistant', content: '' }, null),
            ...(reply.text.match(/\s*\S+|\s+$/g) ?? []).map((content) => chunk({ content }, null)),
            chunk({}, finishOf(reply)),
          ]
        : [
            chunk({ role: 'assistant', tool_calls: toolCalls(reply) }, null),
            chunk({}, finishOf(reply)),
          ];
    const lines = chunks.map((each) => `data: ${JSON.stringify(each)}\n\n`);
    return [...lines, 'data: [DONE]\n\n'];
  },
};

function finishOf(reply: Answer): string {
  return 'text' in reply ? (reply.finish ?? 'stop') : 'tool_calls';
}

function toolCalls(reply: Answer): object[] {
  return callsOf(reply).map(({ id, ...call }, index) => ({
    index,
    id,
    type: 'function',
    function: call,
  }));
}
