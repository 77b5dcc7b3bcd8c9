// What can happen to each process while everything happens at once, and what it must not do by itself.
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Collector } from './collector.ts';
import { Server } from './server.ts';
import type { World } from './world.ts';

interface Disk {
  folder: string;
  /** Leaves so many MiB free on it; a folder on no disk of its own has none. */
  leave?(mib: number): void;
}

/** Most milliseconds that a process is away or its disk full. */
const AWAY_MS = 3_000;
const ENOUGH_MIB = 2_000;
/** Clocks are set by this much, in milliseconds, either way. */
const MOST_OFF_MS = 48 * 3_600_000;
const CLOCK = fileURLToPath(new URL('./clock.mjs', import.meta.url));

/** A process and what can be done to it; each way resolves when it is well again. */
export abstract class Side {
  abstract readonly ways: Readonly<Record<string, () => Promise<void>>>;
  readonly name: string;
  /** Ends and errors that nobody brought about. */
  readonly crashes: string[] = [];
  protected readonly world: World;
  protected readonly disk: Disk;
  readonly #counts = new Map<string, number>();

  constructor(name: string, world: World, disk: Disk) {
    this.name = name;
    this.world = world;
    this.disk = disk;
    disk.leave?.(ENOUGH_MIB);
  }

  count(way: string): void {
    this.#counts.set(way, (this.#counts.get(way) ?? 0) + 1);
  }

  done(): string {
    return [...this.#counts].map(([way, times]) => `${times} × ${way}`).join(', ');
  }

  protected away(): Promise<void> {
    return wait(this.world.random.int(0, AWAY_MS));
  }

  protected async stopped(pid: number): Promise<void> {
    process.kill(pid, 'SIGSTOP');
    await this.away();
    process.kill(pid, 'SIGCONT');
  }

  /** The disk is full until this has resolved. */
  protected async whileFull(meanwhile: () => Promise<void>): Promise<void> {
    this.disk.leave!(this.world.random.int(0, 2));
    await meanwhile();
    this.disk.leave!(ENOUGH_MIB);
  }
}

export class EngineSide extends Side {
  readonly #server: Server;
  readonly ways: Side['ways'] = {
    'kill -9': () => this.#restart(() => this.#server.kill()),
    restart: () => this.#restart(() => this.#server.stop()),
    SIGSTOP: () => this.stopped(this.#server.pid),
    ...(this.disk.leave && {
      'disk full': () => this.whileFull(() => this.away()),
      'kill -9 on a full disk': () =>
        this.#restart(() => this.whileFull(() => this.away().then(() => this.#server.kill()))),
    }),
  };

  private constructor(world: World, disk: Disk, server: Server) {
    super('ClickHouse', world, disk);
    this.#server = server;
    this.#watch();
  }

  static async start(world: World, disk: Disk): Promise<EngineSide> {
    return new EngineSide(world, disk, await Server.open(disk.folder));
  }

  get clickhouse(): { url: string; username: string; password: string } {
    return { url: this.#server.url, ...this.#server.user };
  }

  rows<T>(query: string): Promise<T[]> {
    return this.#server.rows(query);
  }

  column(query: string): Promise<string[]> {
    return this.#server.column(query);
  }

  stop(): Promise<void> {
    this.#ours = true;
    return this.#server.stop();
  }

  /** Whether it ends because it was made to. */
  #ours = false;

  async #restart(end: () => Promise<void>): Promise<void> {
    this.#ours = true;
    await end();
    await this.away();
    await this.#server.restart();
    this.#ours = false;
    this.#watch();
  }

  #watch(): void {
    this.#server.ended.then(({ code, signal }) => {
      if (!this.#ours) this.crashes.push(`${this.name} ended by itself: ${signal ?? code}`);
    });
  }
}

export class CollectorSide extends Side {
  collector!: Collector;
  readonly #engine: EngineSide;
  readonly #clockFile: string;
  readonly #ours = new Set<Collector>();
  readonly ways: Side['ways'] = {
    'kill -9': () => this.#restart(() => this.end('SIGKILL')),
    SIGTERM: () => this.#restart(() => this.end('SIGTERM')),
    SIGSTOP: () => this.stopped(this.collector.pid),
    'clock forth': () => this.#setClock(this.world.random.int(0, MOST_OFF_MS)),
    'clock back': () => this.#setClock(-this.world.random.int(0, MOST_OFF_MS)),
    ...(this.disk.leave && {
      'disk full': () => this.whileFull(() => this.away()),
      'kill -9 on a full disk': () =>
        this.#restart(() => this.whileFull(() => this.away().then(() => this.end('SIGKILL')))),
    }),
  };

  private constructor(name: string, world: World, engine: EngineSide, disk: Disk) {
    super(name, world, disk);
    this.#engine = engine;
    this.#clockFile = join(disk.folder, 'clock');
  }

  static async start(
    name: string,
    world: World,
    engine: EngineSide,
    disk: Disk,
  ): Promise<CollectorSide> {
    const side = new CollectorSide(name, world, engine, disk);
    await side.#setClock(0);
    await side.#start();
    return side;
  }

  async #start(): Promise<void> {
    const collector = await this.world.collector({
      dataDir: this.disk.folder,
      clickhouse: this.#engine.clickhouse,
      env: { NODE_OPTIONS: `--import=${CLOCK}`, FAULTLINE_CLOCK_FILE: this.#clockFile },
    });
    this.collector = collector;
    collector.ended.then((code) => {
      const said = collector.log.filter((line) => !line.startsWith('{') || isFatal(line));
      if (!this.#ours.has(collector)) this.crashes.push(`${this.name} ended by itself: ${code}`);
      this.crashes.push(...said.map((line) => `${this.name} said ${line}`));
    });
  }

  async #restart(end: () => Promise<void>): Promise<void> {
    await end();
    await this.away();
    await this.#start();
  }

  /** @throws unless SIGTERM ends it with 0 */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#ours.add(this.collector);
    if (signal === 'SIGTERM') await this.world.terminate(this.collector);
    else await this.collector.end(signal);
  }

  async #setClock(offMs: number): Promise<void> {
    await writeFile(`${this.#clockFile}.new`, String(offMs));
    await rename(`${this.#clockFile}.new`, this.#clockFile);
  }
}

/** Of the levels of pino's lines. */
function isFatal(line: string): boolean {
  return /"level":60|unhandled|uncaught/i.test(line);
}
