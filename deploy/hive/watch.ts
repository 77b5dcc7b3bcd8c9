// Follows a folder of Hive's records and sends what they tell: event dumps first, then the sessions that
// no dump covers.
import { statSync } from 'node:fs';
import { relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import type { Endpoint } from '../../instrumentation/delivery/environment.ts';
import { Namer } from './describe.ts';
import { type Described, EventFile, NOT_ITS_OWN, type Surroundings } from './event-file.ts';
import type { Fact, RunOfHive } from './facts.ts';
import { findFiles } from './folder.ts';
import type { HiveEvent, NodeDetail } from './records.ts';
import { sendAll } from './sender.ts';
import { sessionFacts } from './session-facts.ts';
import {
  readDetails,
  readSession,
  type Say,
  type SessionFolder,
  type SessionLogs,
  sessionOf,
  signatureOf,
} from './session-logs.ts';
import { spanOf } from './spans.ts';
import { readState, type WatchState, writeState } from './state.ts';
import { timeInId, timeOf } from './time.ts';

/** What to follow and where to send it. */
export interface WatchOptions {
  /** The folder with Hive's records, such as `~/.hive`. */
  readonly dir: string;
  readonly endpoint: Endpoint;
  /** Where the state is kept. */
  readonly stateFile: string;
  /** `gen_ai.agent.id` of all runs. @default the graph's id, as Hive's records name it */
  readonly agentId?: string | undefined;
  /** A GraphSpec as JSON, or an `agent.json`: the graph's version, and where its runs may end. */
  readonly graphFile?: string | undefined;
  /** Read what is there and end. @default false */
  readonly once?: boolean | undefined;
  /** Pause between two looks at the folder, in milliseconds. @default 1000 */
  readonly intervalMs?: number | undefined;
  /** Told once for each file and kind of trouble. */
  readonly say: Say;
  readonly signal: AbortSignal;
}

/** What was sent, this time. */
export interface WatchTotals {
  runs: number;
  attempts: number;
  failures: number;
}

/** How long `once` goes on trying to reach the collector. */
const ONCE_PATIENCE_MS = 30_000;
/** Told from the events; its logs are evidence and nothing more. */
const BY_EVENTS = 'events';
const NO_NAME = new Set(['', 'primary']);

/**
 * Follows the folder until the signal comes, or reads it once.
 * @throws {Error} if the folder or the graph file cannot be read, or, with `once`, if the collector cannot
 *   be reached
 */
export async function watchHive(options: WatchOptions): Promise<WatchTotals> {
  const watcher = new Watcher(options);
  do {
    await watcher.look();
    if (options.once) break;
    await pause(options.intervalMs ?? 1000, undefined, { signal: options.signal }).catch(() => {});
  } while (!options.signal.aborted);
  return watcher.totals;
}

class Watcher implements Surroundings {
  readonly totals: WatchTotals = { runs: 0, attempts: 0, failures: 0 };
  readonly #options: WatchOptions;
  readonly #state: WatchState;
  readonly #resource: Resource;
  readonly #said = new Set<string>();
  readonly #files = new Map<string, EventFile>();
  readonly #sessions = new Map<string, SessionFolder>();
  readonly #owners = new Map<string, string>();
  readonly #covered = new Set<string>();
  readonly #namer: Namer;
  /** Files that were read to their end, and how they were then. */
  readonly #exhausted = new Map<string, string>();
  #details: { signature: string; details: readonly NodeDetail[] } | undefined;
  #isUnsaved = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#resource = defaultResource()
      .merge(resourceFromAttributes({ 'service.name': 'hive' }))
      .merge(detectResources({ detectors: [envDetector] }));
    this.#state = readState(options.stateFile, (trouble) => this.say(options.stateFile, trouble));
    const { agentId, graphFile } = options;
    this.#namer = new Namer({ agentId, graphFile, say: this.say.bind(this) });
    for (const body of Object.values(this.#state.graphs)) this.#namer.recall(body);
    for (const { closed, open } of Object.values(this.#state.files)) {
      const told = Object.keys(closed).filter((id) => closed[id] !== NOT_ITS_OWN);
      for (const id of [...told, ...Object.keys(open)]) this.#covered.add(id);
    }
  }

  say(file: string, trouble: string): void {
    const key = `${file}\n${trouble}`;
    if (this.#said.has(key)) return;
    this.#said.add(key);
    this.#options.say(file, trouble);
  }

  /** Reads and sends all that is new. */
  async look(): Promise<void> {
    this.#namer.refresh();
    const { dir } = this.#options;
    // Sessions before events: what began after this look is left to the next.
    const { eventFiles, logFolders } = findFiles(dir, (file, trouble) => this.say(file, trouble));
    for (const logs of logFolders) {
      const session = sessionOf(logs);
      this.#sessions.set(session.sessionId, session);
    }
    for (const path of eventFiles) await this.#readEvents(path);
    for (const logs of logFolders) await this.#readLogs(sessionOf(logs));
    if (this.#isUnsaved) this.#save();
  }

  claim({ key, sessionId }: RunOfHive, file: string): boolean {
    const session = this.#sessions.get(sessionId);
    const told = session && this.#state.sessions[relative(this.#options.dir, session.logs)];
    if (told !== undefined && told !== BY_EVENTS) return false;
    this.#covered.add(sessionId);
    const owner = this.#owners.get(key) ?? file;
    this.#owners.set(key, owner);
    return owner === file;
  }

  release(file: string): void {
    for (const [key, owner] of this.#owners) if (owner === file) this.#owners.delete(key);
  }

  describe(event: HiveEvent, startNs: bigint, ref: string | undefined): Described {
    const { execution_id: id, graph_id, colony_id } = event;
    const named = NO_NAME.has(graph_id) ? colony_id : graph_id;
    const graphId = named || this.#sessions.get(id)?.agentFolder || 'hive';
    const graph = this.#namer.graph(ref);
    // A session may be run again: only with its start is a run one of its own.
    const key = `${id}@${event.timestamp}`;
    return { run: this.#namer.run({ key, sessionId: id, graphId, startNs, graph }), graph };
  }

  findDetail(...[executionId, nodeId, fits]: Parameters<Surroundings['findDetail']>) {
    const session = this.#sessions.get(executionId);
    if (!session) return undefined;
    return this.#detailsOf(session).findLast(
      (detail) => (nodeId === '' || detail.node_id === nodeId) && fits(detail),
    );
  }

  /** Level 2 of a session; many failures of one session read it once. */
  #detailsOf(session: SessionFolder): readonly NodeDetail[] {
    const signature = `${session.logs} ${signatureOf(session)}`;
    if (this.#details?.signature !== signature) {
      const details = readDetails(session, (file, trouble) => this.say(file, trouble));
      this.#details = { signature, details };
    }
    return this.#details.details;
  }

  async #readEvents(path: string): Promise<void> {
    const now = statSync(path, { throwIfNoEntry: false });
    const signature = now && `${now.size} ${now.mtimeMs}`;
    if (signature === undefined || this.#exhausted.get(path) === signature) return;
    const name = relative(this.#options.dir, path);
    const file = this.#files.get(path) ?? new EventFile(path, this, this.#state.files[name]);
    this.#files.set(path, file);
    for (;;) {
      let facts: Fact[] | undefined;
      try {
        facts = file.next();
      } catch (error) {
        this.say(path, `it cannot be read: ${(error as Error).message}`);
      }
      if (!facts) {
        this.#exhausted.set(path, signature);
        return;
      }
      await this.#send(facts);
      this.#state.files[name] = file.state();
      this.#save();
    }
  }

  async #readLogs(session: SessionFolder): Promise<void> {
    const name = relative(this.#options.dir, session.logs);
    if (this.#state.sessions[name] === BY_EVENTS) return;
    if (this.#covered.has(session.sessionId)) {
      this.#state.sessions[name] = BY_EVENTS;
      this.#isUnsaved = true;
      return;
    }
    const signature = signatureOf(session);
    if (signature === this.#state.sessions[name]) return;
    const logs = readSession(session, (file, trouble) => this.say(file, trouble));
    await this.#send(this.#factsOf(logs));
    this.#state.sessions[name] = signature;
    this.#save();
  }

  #factsOf(logs: SessionLogs): Fact[] {
    const { summary, state, folder } = logs;
    if (logs.details.length === 0 && !summary) return [];
    const { sessionId } = folder;
    const told = summary?.started_at || state?.timestamps.started_at || '';
    const startNs = timeInId(sessionId) ?? timeOf(told);
    if (startNs === undefined) {
      this.say(folder.logs, 'neither its name nor its summary says when the run started');
      return [];
    }
    const graphId = summary?.agent_id || state?.agent_id || folder.agentFolder || 'hive';
    const graph = this.#namer.graph();
    const run = this.#namer.run({ key: sessionId, sessionId, graphId, startNs, graph });
    return sessionFacts(logs, run, graph);
  }

  async #send(facts: readonly Fact[]): Promise<void> {
    const { endpoint, once, signal } = this.#options;
    const patienceMs = once ? ONCE_PATIENCE_MS : Number.POSITIVE_INFINITY;
    const say = this.say.bind(this);
    const spans = facts.map((fact) => spanOf(fact, this.#resource));
    await sendAll(spans, { endpoint, say, patienceMs, signal });
    for (const fact of facts) {
      if (fact.kind === 'run_started') this.totals.runs += 1;
      if (fact.kind === 'attempt') this.totals.attempts += 1;
      if ('failure' in fact && fact.failure) this.totals.failures += 1;
    }
  }

  #save(): void {
    this.#isUnsaved = false;
    const refs = Object.values(this.#state.files).flatMap(({ open }) => Object.values(open));
    this.#state.graphs = Object.fromEntries(
      refs.flatMap((ref) => {
        const body = this.#namer.bodyOf(ref);
        return body === undefined ? [] : [[ref, body]];
      }),
    );
    try {
      writeState(this.#options.stateFile, this.#state);
    } catch (error) {
      this.say(this.#options.stateFile, `it cannot be written: ${(error as Error).message}`);
    }
  }
}
