// A span of the private pipeline: what the SDK's own is, without limits, and with less to make and to
// collect for each node that goes well.
import {
  type Attributes,
  type AttributeValue,
  type HrTime,
  type Link,
  type Span,
  type SpanContext,
  SpanKind,
  type SpanOptions,
  type SpanStatus,
  SpanStatusCode,
  type TimeInput,
} from '@opentelemetry/api';
import {
  addHrTimes,
  hrTimeDuration,
  hrTimeToNanoseconds,
  isAttributeValue,
  isTimeInput,
  millisToHrTime,
  sanitizeAttributes,
  timeInputToHrTime,
} from '@opentelemetry/core';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { describeException } from '../core/exception.ts';
import {
  ATTR_EXCEPTION_MESSAGE,
  ATTR_EXCEPTION_STACKTRACE,
  ATTR_EXCEPTION_TYPE,
} from '../semconv/attributes.ts';

const UNSET: SpanStatus = { code: SpanStatusCode.UNSET };
const NOTHING: never[] = [];

/** What the spans of one pipeline share. */
export interface Origin {
  readonly resource: ReadableSpan['resource'];
  readonly scope: ReadableSpan['instrumentationScope'];
  /** Called once, when a span has ended. */
  ended(span: ReadableSpan): void;
}

export class SlimSpan implements Span, ReadableSpan {
  name: string;
  readonly kind: SpanKind;
  readonly parentSpanContext?: SpanContext;
  readonly startTime: HrTime;
  endTime: HrTime;
  status = UNSET;
  attributes: Attributes = {};
  links: ReadableSpan['links'] = NOTHING;
  events: ReadableSpan['events'] = NOTHING;
  ended = false;
  readonly droppedAttributesCount = 0;
  readonly droppedEventsCount = 0;
  readonly droppedLinksCount = 0;
  readonly #context: SpanContext;
  readonly #origin: Origin;
  /** Of the clock that never runs backwards; `undefined` if the app named the start. */
  readonly #started: number | undefined;

  constructor(
    origin: Origin,
    name: string,
    context: SpanContext,
    parent: SpanContext | undefined,
    options: SpanOptions,
  ) {
    this.#origin = origin;
    this.#context = context;
    this.name = name;
    this.kind = options.kind ?? SpanKind.INTERNAL;
    if (parent) this.parentSpanContext = parent;
    const isNow = options.startTime === undefined;
    this.#started = isNow ? performance.now() : undefined;
    this.startTime = isNow
      ? millisToHrTime(Date.now())
      : timeInputToHrTime(options.startTime as TimeInput);
    this.endTime = this.startTime;
    if (options.links) this.addLinks(options.links);
    if (options.attributes) this.setAttributes(options.attributes);
  }

  get resource(): ReadableSpan['resource'] {
    return this.#origin.resource;
  }

  get instrumentationScope(): ReadableSpan['instrumentationScope'] {
    return this.#origin.scope;
  }

  get duration(): HrTime {
    return hrTimeDuration(this.startTime, this.endTime);
  }

  spanContext(): SpanContext {
    return this.#context;
  }

  isRecording(): boolean {
    return !this.ended;
  }

  setAttribute(key: string, value: AttributeValue): this {
    if (this.ended || value === undefined || value === null || key === '') return this;
    if (typeof value === 'object' && !isAttributeValue(value)) return this;
    this.attributes[key] = value;
    return this;
  }

  setAttributes(attributes: Attributes): this {
    for (const key in attributes) {
      if (Object.hasOwn(attributes, key)) this.setAttribute(key, attributes[key]!);
    }
    return this;
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    if (this.ended) return this;
    const isTime = isTimeInput(attributesOrTime);
    const at = isTime ? attributesOrTime : time;
    const given = isTime ? undefined : (attributesOrTime as Attributes | undefined);
    this.events = [
      ...this.events,
      {
        name,
        time: at === undefined ? this.#now() : timeInputToHrTime(at),
        attributes: sanitizeAttributes(given),
        droppedAttributesCount: 0,
      },
    ];
    return this;
  }

  addLink({ context, attributes }: Link): this {
    if (this.ended) return this;
    const sanitized = attributes && { attributes: sanitizeAttributes(attributes) };
    this.links = [...this.links, { context, ...sanitized }];
    return this;
  }

  addLinks(links: readonly Link[]): this {
    for (const link of links) this.addLink(link);
    return this;
  }

  setStatus(status: SpanStatus): this {
    if (!this.ended) this.status = { ...status };
    return this;
  }

  updateName(name: string): this {
    if (!this.ended) this.name = name;
    return this;
  }

  recordException(exception: unknown, time?: TimeInput): void {
    const { type, message, stack } = describeException(exception);
    const attributes = {
      [ATTR_EXCEPTION_TYPE]: type,
      [ATTR_EXCEPTION_MESSAGE]: message,
      [ATTR_EXCEPTION_STACKTRACE]: stack,
    };
    this.addEvent('exception', attributes, time);
  }

  end(endTime?: TimeInput): void {
    if (this.ended) return;
    const end = endTime === undefined ? this.#now() : timeInputToHrTime(endTime);
    const isBefore = hrTimeToNanoseconds(end) < hrTimeToNanoseconds(this.startTime);
    this.endTime = isBefore ? this.startTime : end;
    this.ended = true;
    this.#origin.ended(this);
  }

  #now(): HrTime {
    if (this.#started === undefined) return millisToHrTime(Date.now());
    return addHrTimes(this.startTime, millisToHrTime(performance.now() - this.#started));
  }
}
