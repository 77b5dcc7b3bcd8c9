// Follows a folder of Hive's records and sends what they report: event dumps first, then the sessions that
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
import {
  type Described,
  EventFile,
  type KnownBefore,
  NOT_ITS_OWN,
  OWN_STREAMS,
  runIdOf,
  type Surroundings,
} from './event-file.ts';
import type { Fact, RunOfHive } from './facts.ts';
import { runKey } from './ids.ts';
import { dataText, type HiveEvent } from './records.ts';
import { sendAll } from './sender.ts';
import { outcomeOf, sessionFacts } from './session-facts.ts';
import { SessionIndex } from './session-index.ts';
import {
  isReportedInside,
  readSession,
  type Say,
  type SessionFolder,
  type SessionLogs,
  type SessionView,
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
  /**
   * GraphSpecs as JSON, or files `agent.json`: the graph's version, and where its runs may end. A single one
   * is taken for all runs of which no other graph is known.
   *
   * @default those that lie in the folder, or where Hive's server says that its agents are
   */
  readonly graphFiles?: readonly string[] | undefined;
  /** Read what is there and end. @default false */
  readonly once?: boolean | undefined;
  /** Pause between two looks at the folder, in milliseconds. @default 1000 */
  readonly intervalMs?: number | undefined;
  /** Called once for each file and kind of trouble. */
  readonly say: Say;
  /** Called with facts that the collector has taken, as far as they were not sent before. */
  readonly sent?: ((facts: readonly Fact[]) => void) | undefined;
  /** Called after each look at the folder. */
  readonly looked?: (() => Promise<void>) | undefined;
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
/** Known from the events; its logs are evidence and nothing more. */
const BY_EVENTS = 'events';
/** Reported by the Python package inside Hive. */
const INSIDE = 'inside';
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
    await options.looked?.();
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
  readonly #owners = new Map<string, string>();
  readonly #covered = new Set<string>();
  readonly #namer: Namer;
  /** Files that were read to their end, and how they were then. */
  readonly #exhausted = new Map<string, string>();
  readonly #index: SessionIndex;
  #isUnsaved = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#resource = defaultResource()
      .merge(resourceFromAttributes({ 'service.name': 'hive' }))
      .merge(detectResources({ detectors: [envDetector] }));
    this.#state = readState(options.stateFile, (trouble) => this.say(options.stateFile, trouble));
    this.#index = new SessionIndex(options.dir, this.say.bind(this));
    const { agentId, graphFiles = [] } = options;
    this.#namer = new Namer({ agentId, graphFiles, say: this.say.bind(this) });
    for (const body of Object.values(this.#state.graphs)) this.#namer.recall(body);
    for (const { closed, open } of Object.values(this.#state.files)) {
      const sent = Object.keys(closed).filter((id) => closed[id] !== NOT_ITS_OWN);
      for (const id of [...sent, ...Object.keys(open)]) this.#covered.add(id);
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
    const { eventFiles, logFolders, graphFiles } = this.#index.search();
    this.#namer.refresh(graphFiles);
    for (const path of eventFiles) await this.#readEvents(path);
    for (const [path, file] of this.#files)
      await this.#sendOf(path, file, file.settle(this.#options.once ?? false));
    for (const logs of logFolders) await this.#readLogs(sessionOf(logs));
    if (this.#isUnsaved) this.#save();
  }

  claim({ key, sessionId }: RunOfHive, file: string): boolean {
    const session = this.#index.folderOf(sessionId);
    if (session && isReportedInside(session)) return false;
    const sent = session && this.#state.sessions[relative(this.#options.dir, session.logs)];
    if (sent !== undefined && sent !== BY_EVENTS) return false;
    this.#covered.add(sessionId);
    const owner = this.#owners.get(key) ?? file;
    this.#owners.set(key, owner);
    return owner === file;
  }

  release(file: string): void {
    for (const [key, owner] of this.#owners) if (owner === file) this.#owners.delete(key);
  }

  describe(event: HiveEvent, { startNs: seenNs, ref, isLater }: KnownBefore): Described {
    const { execution_id: sessionId, graph_id, colony_id } = event;
    const named = NO_NAME.has(graph_id) ? colony_id : graph_id;
    const agentFolder = this.#index.folderOf(sessionId)?.agentFolder ?? '';
    const nodes = colony_id === '' ? nodesOf(event) : [];
    const graph = this.#namer.graph({ graphId: named, agentFolder, nodes }, ref);
    const graphId = named || agentFolder || graph?.names[0] || this.#nameByNode(nodes[0]);
    const start = event.type === 'execution_started' ? event.timestamp : '';
    const key = runKey(runIdOf(event), start, isLater);
    const namedNs = start === '' ? timeInId(sessionId) : undefined;
    // What was seen first is not how it began, if its start was not seen.
    const startNs = namedNs !== undefined && namedNs < seenNs ? namedNs : seenNs;
    return { run: this.#namer.run({ key, sessionId, graphId, startNs, graph }), graph };
  }

  /** An executor that is used directly names neither graph nor agent: its first node keeps it apart. */
  #nameByNode(node: string | undefined): string {
    if (node === undefined) return 'hive';
    if (this.#options.agentId === undefined) {
      this.say(
        this.#options.dir,
        `it holds runs whose records name no graph: they are kept apart by their first node, as in agent "hive:${node}"; --agent names the agent, --graph the graph`,
      );
    }
    return `hive:${node}`;
  }

  session(sessionId: string): SessionView {
    return this.#index.view(sessionId);
  }

  logs(sessionId: string): SessionLogs | undefined {
    return this.#index.logs(sessionId);
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
      this.#index.expire();
      try {
        facts = file.next();
      } catch (error) {
        this.say(path, `it cannot be read: ${(error as Error).message}`);
      }
      if (!facts) {
        this.#exhausted.set(path, signature);
        return;
      }
      await this.#sendOf(path, file, facts, true);
    }
  }

  async #sendOf(
    path: string,
    file: EventFile,
    facts: readonly Fact[],
    isMoved = false,
  ): Promise<void> {
    if (facts.length === 0 && !isMoved) return;
    await this.#send(facts);
    this.#state.files[relative(this.#options.dir, path)] = file.state();
    this.#save();
  }

  async #readLogs(session: SessionFolder): Promise<void> {
    const name = relative(this.#options.dir, session.logs);
    const known = this.#state.sessions[name];
    if (known === BY_EVENTS || known === INSIDE) return;
    if (isReportedInside(session)) {
      this.#state.sessions[name] = INSIDE;
      this.#isUnsaved = true;
      return;
    }
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
    const { sessionId } = folder;
    if (OWN_STREAMS.has(state?.stream_id ?? '')) return [];
    // A run that failed before its first node has no logs.
    if (logs.details.length === 0 && !summary && !outcomeOf(logs)) return [];
    const started = summary?.started_at || state?.timestamps.started_at || '';
    const startNs = timeInId(sessionId) ?? timeOf(started);
    if (startNs === undefined) {
      this.say(folder.logs, 'neither its name nor its summary says when the run started');
      return [];
    }
    const { agentFolder } = folder;
    const named = summary?.agent_id || state?.agent_id || '';
    const nodes = [...new Set(logs.details.map(({ node_id }) => node_id))];
    const graph = this.#namer.graph({ graphId: named, agentFolder, nodes });
    const graphId = named || agentFolder || graph?.names[0] || 'hive';
    const run = this.#namer.run({ key: sessionId, sessionId, graphId, startNs, graph });
    return sessionFacts(logs, run, graph);
  }

  async #send(facts: readonly Fact[]): Promise<void> {
    const { endpoint, once, signal } = this.#options;
    const patienceMs = once ? ONCE_PATIENCE_MS : Number.POSITIVE_INFINITY;
    const say = this.say.bind(this);
    const spans = facts.map((fact) => spanOf(fact, this.#resource));
    await sendAll(spans, { endpoint, say, patienceMs, signal });
    this.#options.sent?.(facts);
    for (const fact of facts) {
      const amends = fact.kind === 'attempt' ? fact.amends : undefined;
      if (fact.kind === 'run_started') this.totals.runs += 1;
      if (fact.kind === 'attempt' && !amends) this.totals.attempts += 1;
      if ('failure' in fact && fact.failure && amends !== 'failure') this.totals.failures += 1;
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

/** The nodes that an event is about. */
function nodesOf(event: HiveEvent): string[] {
  const ids = [dataText(event, 'source_node'), event.node_id, dataText(event, 'target_node')];
  return [...new Set(ids.filter((id) => id !== ''))];
}
