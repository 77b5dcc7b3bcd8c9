// The processes of a benchmark, and what they cost: Linux's own accounts.
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { SendOrder, SendReport } from './sender.ts';

const FAULTLINE = fileURLToPath(new URL('../../dist/deploy/cli/faultline.js', import.meta.url));
const TICKS_A_SECOND = 100;

/** CPU seconds of a process since its start. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

/** MiB of a process's own memory, without the files that it has mapped. */
export function ownMib(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = /^RssAnon:\s+(\d+)/m.exec(status)?.[1];
  return Number(kib) / 1024;
}

/** Looks again and again at the memory of a process, and keeps the most it saw. */
export function watchMemory(pid: number): { peakMib(): number; series: number[]; stop(): void } {
  const series: number[] = [];
  const look = (): void => {
    series.push(ownMib(pid));
  };
  look();
  const timer = setInterval(look, 250);
  return { peakMib: () => Math.max(...series), series, stop: () => clearInterval(timer) };
}

export function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')
      .split(' ')
      .filter(Boolean)
      .map(Number),
  );
}

export interface Faultline {
  otlpHttp: string;
  query: string;
  clickhouse: string;
  /** The collector's process, with the query service in it. */
  pid: number;
  /** The embedded engine's process. */
  enginePid: number;
  end(): Promise<void>;
}

/** `faultline start` as users run it, on free ports and a folder of its own. */
export async function startFaultline(...flags: string[]): Promise<Faultline> {
  const dataDir = await mkdtemp(join(tmpdir(), 'faultline-bench-'));
  const ports = ['otlp-http', 'otlp-grpc', 'query', 'embedded'].flatMap((port) => [
    `--${port}-port`,
    '0',
  ]);
  const args = ['start', '--data-dir', dataDir, ...ports, '--log-format', 'json', ...flags];
  const child = spawn(process.execPath, [FAULTLINE, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ready = await firstReady(child);
  const pid = child.pid!;
  return {
    ...ready,
    pid,
    enginePid: childrenOf(pid)[0] ?? 0,
    end: async () => {
      if (child.exitCode === null) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function firstReady(
  child: ChildProcess,
): Promise<Pick<Faultline, 'otlpHttp' | 'query' | 'clickhouse'>> {
  for await (const line of createInterface({ input: child.stdout! })) {
    const said = JSON.parse(line);
    if (said.msg === 'ready') {
      child.stdout!.resume();
      return said;
    }
  }
  throw new Error('faultline start ended before it was ready');
}

/** Resolves when nothing waits in the collector's queue. */
export async function queueEmptied({ otlpHttp }: Faultline): Promise<void> {
  for (;;) {
    const metrics = await (await fetch(`${otlpHttp}/metrics`)).text();
    if (/^faultline_queue_entries(?:\{.*\})? 0$/m.test(metrics)) return;
    await wait(20);
  }
}

/** Starts to send; `ready` resolves when it begins to measure. */
export function startSender(order: SendOrder): {
  ready: Promise<void>;
  report: Promise<SendReport>;
} {
  const child = fork(fileURLToPath(new URL('./sender.ts', import.meta.url)), {
    execArgv: process.execArgv.filter((arg) => arg !== '--expose-gc'),
  });
  child.send(order);
  const ready = once(child, 'message').then(() => {});
  const report = ready.then(async () => {
    const [said] = await once(child, 'message');
    return said as SendReport;
  });
  return { ready, report };
}
