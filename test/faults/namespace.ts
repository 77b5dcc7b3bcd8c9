// ClickHouse in a network namespace of its own, behind a pair of devices that can lose all that goes one way or
// both: no reset, no answer, as a network that is cut.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { passwordOf } from '../../deploy/engine/folder.ts';
import { usersConfig } from '../../deploy/engine/users.ts';
import { xmlFile } from '../../deploy/engine/xml.ts';
import { executable } from './collector.ts';
import { readPassword } from './embedded.ts';
import { NotHere } from './fault.ts';
import type { Random } from './random.ts';
import { Statements } from './server.ts';

/** What is lost: what goes to ClickHouse, what comes back from it, or all. */
export type Cut = 'there' | 'back' | 'both';

const PORT = 8123;

export class Namespace {
  readonly url: string;
  readonly statements: Statements;
  readonly #name: string;
  readonly #engine: ChildProcess;

  private constructor(name: string, url: string, password: string, engine: ChildProcess) {
    this.#name = name;
    this.#engine = engine;
    this.url = url;
    this.statements = new Statements(url, { username: 'faultline', password });
  }

  /** @throws {NotHere} without the right to make one */
  static async start(dataDir: string, random: Random): Promise<Namespace> {
    if (process.platform !== 'linux') throw new NotHere('network namespaces are of Linux');
    const name = `fl${process.pid}`;
    // Of a range that is kept for tests of networks.
    const block = `198.18.${random.int(0, 256)}`;
    makeNamespace(name, `${block}.1`, `${block}.2`);
    try {
      const engine = startEngine(name, ['--data-dir', dataDir, ...(await beyondLoopback(dataDir))]);
      await ready(engine);
      const password = await readPassword(dataDir);
      return new Namespace(name, `http://${block}.2:${PORT}`, password, engine);
    } catch (error) {
      run(`ip netns del ${name}`);
      throw error;
    }
  }

  /** Loses packets from now on, without a word to anybody. */
  cut(what: Cut): void {
    if (what !== 'back') must(`tc qdisc add dev ${this.#name}a root blackhole`);
    if (what !== 'there')
      must(inside(this.#name, `tc qdisc add dev ${this.#name}b root blackhole`));
  }

  heal(): void {
    run(`tc qdisc del dev ${this.#name}a root`);
    run(inside(this.#name, `tc qdisc del dev ${this.#name}b root`));
  }

  async stop(): Promise<void> {
    const ended = once(this.#engine, 'close');
    if (this.#engine.exitCode === null && this.#engine.kill('SIGTERM')) await ended;
    run(`ip netns del ${this.#name}`);
  }
}

function makeNamespace(name: string, here: string, there: string): void {
  if (!run(`ip netns add ${name}`))
    throw new NotHere('a network namespace needs root and iproute2');
  const steps = [
    `ip link add ${name}a type veth peer name ${name}b netns ${name}`,
    `ip addr add ${here}/30 dev ${name}a`,
    `ip link set ${name}a up`,
    inside(name, `ip addr add ${there}/30 dev ${name}b`),
    inside(name, `ip link set ${name}b up`),
    inside(name, 'ip link set lo up'),
    // What cuts it later; a kernel may be without.
    `tc qdisc add dev ${name}a root blackhole`,
    `tc qdisc del dev ${name}a root`,
  ];
  const failed = steps.find((step) => !run(step));
  if (failed === undefined) return;
  run(`ip netns del ${name}`);
  throw new NotHere(`this system does not do: ${failed}`);
}

/** It listens on all addresses of its namespace, which nothing but this test can reach. @returns flags */
async function beyondLoopback(dataDir: string): Promise<string[]> {
  const [faultline, query, reader] = await Promise.all(
    (['faultline', 'query', 'reader'] as const).map((user) => passwordOf(dataDir, user)),
  );
  const users = join(dataDir, 'users.xml');
  const config = join(dataDir, 'listen.xml');
  const anywhere = usersConfig({
    faultline: faultline!,
    query: query!,
    reader: reader!,
  }).replaceAll('<ip>::1</ip>', '<ip>::/0</ip>');
  await writeFile(users, anywhere);
  await writeFile(
    config,
    xmlFile({ listen_host: '0.0.0.0', user_directories: { users_xml: { path: users } } }),
  );
  return ['--config', config];
}

function startEngine(name: string, flags: string[]): ChildProcess {
  const command = [process.execPath, executable, 'engine', '--json', '--http-port', String(PORT)];
  return spawn('ip', ['netns', 'exec', name, ...command, ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** @throws when it ends before */
function ready(engine: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const said: string[] = [];
    engine.once('close', () => reject(new Error(`faultline engine ended: ${said.join(' | ')}`)));
    createInterface({ input: engine.stdout! }).on('line', (line) => {
      said.push(line);
      if (line.includes('"msg":"ready"')) resolve();
    });
  });
}

const inside = (name: string, command: string): string => `ip netns exec ${name} ${command}`;

function run(command: string): boolean {
  const [program, ...args] = command.split(' ');
  return spawnSync(program!, args, { stdio: 'ignore' }).status === 0;
}

function must(command: string): void {
  if (!run(command)) throw new Error(`it failed: ${command}`);
}
