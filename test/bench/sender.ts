// A process that sends: told by its parent what and where, answers with what it saw.
import http from 'node:http';
import { type Mix, requests } from './load.ts';

export interface SendOrder {
  url: string;
  mix: Mix;
  spansPerRequest: number;
  /** Different requests; sent over and over. */
  distinct: number;
  connections: number;
  /** How long it sends before it measures: both sides compile what is hot. */
  warmupSeconds: number;
  seconds: number;
  /** Requests a second, or as many as are taken. */
  rate?: number | undefined;
}

export interface SendReport {
  requests: number;
  seconds: number;
  /** CPU seconds of this process while it sent. */
  cpuSeconds: number;
  /** Answers that were no success, by status. */
  refused: Record<string, number>;
  /** Milliseconds until the answer: the middle, 99 of 100, the longest. */
  p50: number;
  p99: number;
  longest: number;
}

async function send(order: SendOrder): Promise<SendReport> {
  const bodies = requests(order.mix, order.distinct, order.spansPerRequest);
  const url = new URL('/v1/traces', order.url);
  const agent = new http.Agent({ keepAlive: true, maxSockets: order.connections });
  const times: number[] = [];
  const refused: Record<string, number> = {};
  let next = 0;
  const post = (body: Buffer) =>
    new Promise<void>((resolve, reject) => {
      const headers = {
        'content-type': 'application/x-protobuf',
        'content-encoding': 'gzip',
        'content-length': body.length,
      };
      const start = performance.now();
      const request = http.request(url, { method: 'POST', headers, agent }, (answer) => {
        answer.resume().once('end', () => {
          times.push(performance.now() - start);
          const status = String(answer.statusCode);
          if (status !== '200') refused[status] = (refused[status] ?? 0) + 1;
          resolve();
        });
      });
      request.once('error', reject);
      request.end(body);
    });
  const sendFor = async (seconds: number): Promise<void> => {
    const start = performance.now();
    const first = next;
    const worker = async (): Promise<void> => {
      while (performance.now() < start + seconds * 1000) {
        const turn = next++;
        if (order.rate !== undefined) {
          const wait = start + ((turn - first) * 1000) / order.rate - performance.now();
          if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
        }
        await post(bodies[turn % bodies.length]!);
      }
    };
    await Promise.all(Array.from({ length: order.connections }, worker));
  };
  await sendFor(order.warmupSeconds);
  times.length = 0;
  for (const status of Object.keys(refused)) delete refused[status];
  process.send?.('ready');
  const cpu = process.cpuUsage();
  const start = performance.now();
  await sendFor(order.seconds);
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  agent.destroy();
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.min(times.length - 1, times.length * share)]!;
  return {
    requests: times.length,
    seconds,
    cpuSeconds: (user + system) / 1e6,
    refused,
    p50: times[Math.floor(times.length * 0.5)] ?? 0,
    p99: times[Math.floor(times.length * 0.99)] ?? 0,
    longest: at(1) ?? 0,
  };
}

process.once('message', (order: SendOrder) => {
  send(order).then(
    (report) => process.send?.(report, () => process.exit(0)),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
