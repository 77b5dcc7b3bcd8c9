// What a fault works with: a ClickHouse server, collectors, senders, and how the books are closed.
import { spawnSync } from 'node:child_process';
import { statfsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Collector, type CollectorOptions } from './collector.ts';
import { count, NotHere, type Outcome } from './fault.ts';
import { InsertProxy } from './proxy.ts';
import type { Random } from './random.ts';
import { type Acknowledged, Sender, type SenderOptions } from './sender.ts';
import type { Server } from './server.ts';

/** No wait of a fault is longer, in milliseconds; only a hang gets there. */
const LONGEST_MS = 120_000;
/** MiB that a collector may have of its own, whatever is broken. */
const MEMORY_BOUND_MIB = 400;

export class World {
  readonly server: Server;
  readonly random: Random;
  /** Whether only faults of one name run. */
  readonly isNamed: boolean;
  private readonly folder: string;
  private readonly scale: number;
  private readonly print: (text: string) => void;
  private readonly collectors: Collector[] = [];
  private readonly senders: Sender[] = [];
  private readonly proxies: InsertProxy[] = [];
  private readonly disks: string[] = [];

  constructor(options: {
    server: Server;
    random: Random;
    folder: string;
    scale: number;
    isNamed: boolean;
    print: (text: string) => void;
  }) {
    this.server = options.server;
    this.random = options.random;
    this.folder = options.folder;
    this.scale = options.scale;
    this.isNamed = options.isNamed;
    this.print = options.print;
  }

  /** How often to do what is usually done so often. */
  rounds(usually: number): number {
    return Math.max(1, Math.round(usually * this.scale));
  }

  say(text: string): void {
    this.print(text);
  }

  /** A new folder. */
  dataDir(): Promise<string> {
    return mkdtemp(join(this.folder, 'data-'));
  }

  /** A disk of its own in memory, whose size can be changed. @throws {NotHere} without the right to mount */
  async disk(): Promise<{ folder: string; leave(mib: number): void }> {
    const folder = await this.dataDir();
    const mount = (options: string): boolean =>
      spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]).status === 0;
    if (!mount('size=1g')) throw new NotHere('a small disk needs the right to mount one');
    this.disks.push(folder);
    return {
      folder,
      leave: (mib) => {
        // Others write meanwhile: what was used a moment ago may be less than what is used.
        for (let tries = 1; tries <= 20; tries++) {
          const { blocks, bfree, bsize } = statfsSync(folder);
          const bytes = (blocks - bfree) * bsize + mib * 1024 * 1024;
          if (mount(`remount,size=${bytes}`)) return;
        }
        throw new Error(`${folder} cannot have another size`);
      },
    };
  }

  /** Lets some time go by, so that what comes next hits at another moment of what runs. */
  async pause(ms: number): Promise<void> {
    await wait(ms);
  }

  /** Starts a collector before the server, or before what is given instead. */
  async collector(options: CollectorOptions & { through?: InsertProxy }): Promise<Collector> {
    const url = options.through?.url ?? this.server.url;
    const collector = await Collector.start({
      clickhouse: { url, ...this.server.user },
      ...options,
    });
    this.collectors.push(collector);
    return collector;
  }

  /** Starts a collector over embedded ClickHouse. */
  async embedded(dataDir: string, env: Record<string, string> = {}): Promise<Collector> {
    const collector = await Collector.start({ dataDir, env });
    this.collectors.push(collector);
    return collector;
  }

  sender(to: () => Collector, options: SenderOptions = {}): Sender {
    const sender = new Sender(to, options);
    this.senders.push(sender);
    return sender;
  }

  async proxy(): Promise<InsertProxy> {
    const proxy = await InsertProxy.start(() => this.server.url);
    this.proxies.push(proxy);
    return proxy;
  }

  /** Resolves when it is so. @throws when it never is */
  async until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
    const end = performance.now() + LONGEST_MS;
    while (!(await isSo())) {
      if (performance.now() > end) throw new Error(`it never came to this: ${what}`);
      await wait(20);
    }
  }

  /** The promise, unless it takes so long that something hangs. */
  async within<T>(what: string, promise: Promise<T>): Promise<T> {
    const late = new AbortController();
    const hang = wait(LONGEST_MS, undefined, { signal: late.signal }).then(() => {
      throw new Error(`it hangs: ${what}`);
    });
    hang.catch(() => {});
    try {
      return await Promise.race([promise, hang]);
    } finally {
      late.abort();
    }
  }

  /** Ends the collector with SIGTERM. @throws unless it ends with 0 */
  async terminate(collector: Collector): Promise<void> {
    const code = await this.within('SIGTERM', collector.end('SIGTERM'));
    if (code !== 0) throw new Error(`SIGTERM ended the collector with ${code}`);
  }

  /**
   * Closes the books: waits until what was acknowledged is there or never comes, ends the collector
   * with SIGTERM, which puts in the last rows, and counts.
   */
  async settle(acknowledged: Acknowledged, collector: Collector): Promise<Outcome> {
    const end = performance.now() + LONGEST_MS / 2;
    while ((await count(this.server, acknowledged)).lost > 0 && performance.now() < end) {
      await wait(200);
    }
    await this.terminate(collector);
    return count(this.server, acknowledged);
  }

  /** MiB of the largest collector; 0 where the system does not report it. */
  peakMemory(): number {
    return Math.round(Math.max(0, ...this.collectors.flatMap(({ memory }) => memory)));
  }

  /** Ends what the fault left. @throws when a collector had too much memory */
  async clear(): Promise<void> {
    await Promise.all(this.senders.map((sender) => sender.stop().catch(() => {})));
    for (const proxy of this.proxies) proxy.close();
    await Promise.all(this.collectors.map((collector) => collector.end('SIGKILL')));
    for (const disk of this.disks) spawnSync('umount', ['--lazy', disk]);
    await rm(this.folder, { recursive: true, force: true });
    if (this.peakMemory() <= MEMORY_BOUND_MIB) return;
    throw new Error(`a collector had ${this.peakMemory()} MiB, the bound is ${MEMORY_BOUND_MIB}`);
  }
}
