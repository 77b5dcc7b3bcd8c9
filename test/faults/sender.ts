// Sends failures from several sides at once, again and again what was not acknowledged, and remembers
// what was.
import { setTimeout as wait } from 'node:timers/promises';
import { makeRequest, type Request, type RequestOptions, TOLD, type Told } from './requests.ts';
import { type Address, grpcTransport, httpTransport, type Transport } from './transport.ts';

export type Acknowledged = { [K in keyof Told]: Set<string> };

export interface SenderOptions extends Partial<RequestOptions> {
  /** Most failures a second, all sides together. @default as many as are taken */
  perSecond?: number;
  /** How often each request is sent at the same time, each time by another way. @default 1 */
  copies?: number;
  /** Requests to send instead of new ones; the sender ends with them. */
  requests?: Request[];
  /** Gives the next request to send instead of a new one. */
  next?: () => Request;
}

/** Milliseconds before a request is sent again. */
const RETRY_MS = 50;

export class Sender {
  readonly acknowledged: Acknowledged = {
    failures: new Set(),
    spans: new Set(),
    runs: new Set(),
    sessions: new Set(),
  };
  /** What was acknowledged when, as monotonic time in nanoseconds. */
  readonly times: { told: Told; at: bigint }[] = [];
  /** Requests that had to be sent again. */
  resent = 0;
  /** Ways of sending by which something was acknowledged; there are four. */
  readonly ways = new Set<Transport>();
  private readonly to: () => Address;
  private readonly options: SenderOptions;
  private readonly transports: Transport[];
  private readonly running: Promise<void>;
  private stopped = false;
  private wrong: string | undefined;
  private waiting: { target: number; resolve: () => void; reject: (error: Error) => void }[] = [];

  /** @param to where to send now; asked before each request */
  constructor(to: () => Address, options: SenderOptions = {}) {
    this.to = to;
    this.options = options;
    this.transports = [
      httpTransport('protobuf'),
      httpTransport('json'),
      httpTransport('protobuf'),
      grpcTransport(),
    ];
    this.running = Promise.all(this.transports.map((_, side) => this.side(side))).then(() => {});
  }

  /** Resolves when so many more failures were acknowledged. */
  acknowledge(more: number): Promise<void> {
    const target = this.acknowledged.failures.size + more;
    return new Promise((resolve, reject) => {
      this.waiting.push({ target, resolve, reject });
      this.settleWaiting();
    });
  }

  /** Gives up what is not acknowledged yet. @throws when an answer was none that OTLP knows */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.ended();
  }

  /** Resolves when all requests that were given are acknowledged. */
  async ended(): Promise<void> {
    await this.running;
    for (const transport of this.transports) transport.close();
    if (this.wrong !== undefined) throw new Error(`a wrong answer: ${this.wrong}`);
  }

  private async side(side: number): Promise<void> {
    const { perSecond, requests, agent = 'faults' } = this.options;
    const next = this.options.next ?? (() => makeRequest({ ...this.options, agent }));
    while (!this.stopped) {
      const request = requests ? requests.shift() : next();
      if (request === undefined) return;
      const pause =
        perSecond === undefined
          ? undefined
          : wait((1000 * this.transports.length * request.told.failures.length) / perSecond);
      await this.sendUntilAcknowledged(side, request);
      await pause;
    }
  }

  private async sendUntilAcknowledged(side: number, request: Request): Promise<void> {
    const copies = Array.from({ length: this.options.copies ?? 1 }, (_, copy) => {
      return this.sendOne(this.transports[(side + copy) % this.transports.length]!, request);
    });
    const taken = await Promise.all(copies);
    if (!taken.every(Boolean)) return;
    this.times.push({ told: request.told, at: process.hrtime.bigint() });
    for (const table of TOLD) {
      for (const id of request.told[table]) this.acknowledged[table].add(id);
    }
    this.settleWaiting();
  }

  private async sendOne(transport: Transport, request: Request): Promise<boolean> {
    while (!this.stopped) {
      const answer = await transport.send(this.to(), request);
      if (answer === 'acknowledged') {
        this.ways.add(transport);
        return true;
      }
      if (answer !== 'again') {
        this.wrong ??= answer.wrong;
        this.stopped = true;
        this.settleWaiting();
        return false;
      }
      this.resent++;
      await wait(RETRY_MS);
    }
    return false;
  }

  private settleWaiting(): void {
    const { size } = this.acknowledged.failures;
    for (const { target, resolve, reject } of this.waiting) {
      if (size >= target) resolve();
      else if (this.wrong !== undefined) reject(new Error(`a wrong answer: ${this.wrong}`));
    }
    this.waiting = this.waiting.filter(({ target }) => size < target && this.wrong === undefined);
  }
}
