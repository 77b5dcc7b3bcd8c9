// A collector for tests: takes OTLP/HTTP protobuf, decodes it with protobufjs, keeps the spans.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import protobuf from 'protobufjs';

export interface ReceivedSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  startNs: bigint;
  endNs: bigint;
  // biome-ignore lint/suspicious/noExplicitAny: values of tests
  attributes: Record<string, any>;
  // biome-ignore lint/suspicious/noExplicitAny: values of tests
  events: { name: string; attributes: Record<string, any> }[];
  links: { traceId: string; spanId: string }[];
  statusCode: number;
  statusMessage: string;
  // biome-ignore lint/suspicious/noExplicitAny: values of tests
  resource: Record<string, any>;
}

const PROTO = `
syntax = "proto3";
message Request { repeated ResourceSpans resource_spans = 1; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
message Resource { repeated KeyValue attributes = 1; }
message ScopeSpans { repeated Span spans = 2; }
message KeyValue { string key = 1; AnyValue value = 2; }
message ArrayValue { repeated AnyValue values = 1; }
message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3;
  double double_value = 4; ArrayValue array_value = 5; bytes bytes_value = 7; } }
message Event { string name = 2; repeated KeyValue attributes = 3; }
message Link { bytes trace_id = 1; bytes span_id = 2; }
message Status { string message = 2; int32 code = 3; }
message Span { bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5;
  fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9;
  repeated Event events = 11; repeated Link links = 13; Status status = 15; }
`;

const Request = protobuf.parse(PROTO, { keepCase: false }).root.lookupType('Request');

export class Receiver {
  readonly spans: ReceivedSpan[] = [];
  readonly headers: Record<string, unknown>[] = [];
  status = 200;
  /** Of answers that are no success. */
  retryAfter: string | undefined;
  /** Makes a request with such a span be refused for good. */
  refuses: ((span: ReceivedSpan) => boolean) | undefined;
  requests = 0;
  /** How many spans it took, those sent twice counted twice. */
  taken = 0;
  /** When each request came, in milliseconds. */
  readonly times: number[] = [];
  readonly #places = new Map<string, number>();
  #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        this.requests += 1;
        this.times.push(performance.now());
        this.headers.push(request.headers);
        const status = this.#answer(Buffer.concat(chunks), request.headers);
        response.setHeader('content-type', 'application/x-protobuf');
        if (status !== 200 && this.retryAfter) response.setHeader('retry-after', this.retryAfter);
        response.writeHead(status).end();
      });
    });
  }

  async start(port = 0): Promise<string> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    return this.url;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  named(prefix: string): ReceivedSpan[] {
    return this.spans
      .filter(({ name }) => name.startsWith(prefix))
      .sort((one, other) => Number(one.startNs - other.startNs));
  }

  /** A span that is sent twice counts once, as it was sent last: as in the tables of the real collector. */
  #keep(span: ReceivedSpan): void {
    const place = this.#places.get(span.spanId) ?? this.spans.length;
    this.#places.set(span.spanId, place);
    this.spans[place] = span;
  }

  #answer(body: Buffer, headers: Record<string, unknown>): number {
    if (this.status !== 200) return this.status;
    const spans = decode(body, headers);
    if (this.refuses && spans.some(this.refuses)) return 400;
    this.taken += spans.length;
    for (const span of spans) this.#keep(span);
    return 200;
  }
}

function decode(body: Buffer, headers: Record<string, unknown>): ReceivedSpan[] {
  const plain = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
  // biome-ignore lint/suspicious/noExplicitAny: decoded by reflection
  const request = Request.toObject(Request.decode(plain), { longs: String, arrays: true }) as any;
  // biome-ignore lint/suspicious/noExplicitAny: decoded by reflection
  return request.resourceSpans.flatMap((group: any) => {
    const resource = fromKeyValues(group.resource?.attributes);
    // biome-ignore lint/suspicious/noExplicitAny: decoded by reflection
    const spans = group.scopeSpans.flatMap((scope: any) => scope.spans);
    return spans.map((span: unknown) => fromSpan(span, resource));
  });
}

// biome-ignore lint/suspicious/noExplicitAny: decoded by reflection
function fromSpan(span: any, resource: Record<string, unknown>): ReceivedSpan {
  return {
    traceId: span.traceId.toString('hex'),
    spanId: span.spanId.toString('hex'),
    parentSpanId: span.parentSpanId?.toString('hex') ?? '',
    name: span.name,
    startNs: BigInt(span.startTimeUnixNano),
    endNs: BigInt(span.endTimeUnixNano),
    attributes: fromKeyValues(span.attributes),
    // biome-ignore lint/suspicious/noExplicitAny: decoded by reflection
    events: span.events.map((event: any) => ({
      name: event.name,
      attributes: fromKeyValues(event.attributes),
    })),
    // biome-ignore lint/suspicious/noExplicitAny: decoded by reflection
    links: span.links.map((link: any) => ({
      traceId: link.traceId.toString('hex'),
      spanId: link.spanId.toString('hex'),
    })),
    statusCode: span.status?.code ?? 0,
    statusMessage: span.status?.message ?? '',
    resource,
  };
}

// biome-ignore lint/suspicious/noExplicitAny: decoded by reflection
function fromKeyValues(pairs: any[] = []): Record<string, any> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, fromAny(value)]));
}

// biome-ignore lint/suspicious/noExplicitAny: decoded by reflection
function fromAny(value: any): unknown {
  if (value?.arrayValue) return value.arrayValue.values.map(fromAny);
  if (value?.intValue !== undefined) return Number(value.intValue);
  return value?.stringValue ?? value?.boolValue ?? value?.doubleValue;
}
