// One event dump: its lines become events, the events of each execution become facts. Reading can start
// again where it stopped: at the first event of the oldest execution that has not ended.
import { Execution } from './execution.ts';
import type { Fact, RunOfHive } from './facts.ts';
import type { HiveGraph } from './graph-file.ts';
import { type HiveEvent, hiveEvent } from './records.ts';
import { parse, type Say, type SessionLogs, type SessionView } from './session-logs.ts';
import { type Head, type Line, Tail } from './tail.ts';
import { timeOf } from './time.ts';

/** Where to go on in a file after a restart. */
export interface FileState {
  readonly offset: number;
  readonly head?: Head | undefined;
  /** Executions that ended, and the byte up to which their events are sent. */
  readonly closed: Readonly<Record<string, number>>;
  /** Executions that have not ended, and the version of the graph that they run. */
  readonly open: Readonly<Record<string, string>>;
}

/** What an event file needs to know of the world around it. */
export interface Surroundings {
  /** Describes a run by its first event. */
  describe(event: HiveEvent, known: KnownBefore): Described;
  /** What the files of the run's session say. */
  session(sessionId: string): SessionView;
  /** Logs of a session that has some; for runs that no event ends. */
  logs(sessionId: string): SessionLogs | undefined;
  /**
   * Whether this file is the one that reports the run: the same events may be in two files, and a
   * session may have been reported from its logs before there were events.
   */
  claim(run: RunOfHive, file: string): boolean;
  /** The file was replaced: what it held may now be in another one. */
  release(file: string): void;
  say: Say;
}

/** What the file knows of a run before it is described. */
export interface KnownBefore {
  readonly startNs: bigint;
  /** The version of the graph that it runs. */
  readonly ref: string | undefined;
  /** Whether a run before it had the same execution id. */
  readonly isLater: boolean;
}

export interface Described {
  readonly run: RunOfHive;
  readonly graph: HiveGraph | undefined;
}

interface Running {
  readonly execution: Execution;
  readonly from: number;
  /** No `execution_started` was seen, so that no event need end it. */
  readonly isUnannounced: boolean;
  /** Its start is reported once it is known that it can be seen to end. */
  isStarted: boolean;
  /** When Hive said that its worker completed, on this clock. */
  completedAt?: number;
}

/** Streams of Hive's own agents, whose failures are not the agent's. */
export const OWN_STREAMS = new Set(['queen', 'judge', 'sentinel']);
const BEGINS =
  /^(?:execution_(?!resumed)|node_loop_started$|worker_(?:completed|failed)$|edge_traversed$)/;
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}/;
const CLOSED_KEPT = 200;
const WORKER = /^worker:(.+)$/;
/** How long the report of a worker that completed may take. */
const REPORT_WITHIN_MS = 10_000;

/** In place of a byte: the events of this execution are not this file's to report. */
export const NOT_ITS_OWN = Number.MAX_SAFE_INTEGER;

/** Follows one event dump. */
export class EventFile {
  readonly #around: Surroundings;
  #tail: Tail;
  #running = new Map<string, Running>();
  #closed: Map<string, number>;
  #refs: Map<string, string>;

  constructor(file: string, around: Surroundings, from?: FileState) {
    this.#around = around;
    this.#tail = new Tail(file, from);
    this.#closed = new Map(Object.entries(from?.closed ?? {}));
    this.#refs = new Map(Object.entries(from?.open ?? {}));
  }

  /** The facts of the next lines; `undefined` when there are no more. @throws {Error} unreadable file */
  next(): Fact[] | undefined {
    const complain = (trouble: string) => this.#around.say(this.#tail.file, trouble);
    const lines = this.#tail.next(() => this.#startAgain(), complain);
    if (lines.length === 0) return undefined;
    return lines.flatMap((line) => this.#read(line, complain));
  }

  /**
   * The facts that hold although no more events have come: failures whose outcome is not known yet, runs that
   * have only their logs to end them, workers whose report does not come.
   * @param isLast nothing more is waited for
   */
  settle(isLast: boolean): Fact[] {
    return [...this.#running].flatMap(([id, running]) => {
      const facts = [...this.#settleRun(running, isLast), ...running.execution.unreported()];
      if (running.execution.ended) this.#close(id, this.#tail.offset);
      return facts;
    });
  }

  #settleRun(running: Running, isLast: boolean): Fact[] {
    const { execution } = running;
    if (execution.isCompleted) {
      running.completedAt ??= Date.now();
      const isLate = isLast || Date.now() - running.completedAt > REPORT_WITHIN_MS;
      return isLate ? execution.complete() : [];
    }
    if (!running.isUnannounced) return [];
    const logs = this.#around.logs(execution.run.sessionId);
    if (!logs) return [];
    const started: Fact[] = running.isStarted ? [] : [{ kind: 'run_started', run: execution.run }];
    running.isStarted = true;
    return [...started, ...execution.close(logs)];
  }

  #close(id: string, upTo: number): void {
    this.#running.delete(id);
    this.#closed.delete(id);
    this.#closed.set(id, upTo);
  }

  state(): FileState {
    const froms = [...this.#running.values()].map(({ from }) => from);
    const open = [...this.#running].map(([id, { execution }]) => [id, execution.run.snapshot.ref]);
    return {
      offset: Math.min(this.#tail.offset, ...froms),
      head: this.#tail.head,
      closed: Object.fromEntries([...this.#closed].slice(-CLOSED_KEPT)),
      open: Object.fromEntries(open),
    };
  }

  #startAgain(): void {
    this.#around.release(this.#tail.file);
    this.#running.clear();
    this.#closed.clear();
    this.#refs.clear();
  }

  #read(line: Line, complain: (trouble: string) => void): Fact[] {
    if (line.text.trim() === '') return [];
    const parsed = parse(line.text, hiveEvent, complain);
    const event = parsed && { ...parsed, node_id: nodeIdOf(parsed) };
    if (!event || event.execution_id === '' || OWN_STREAMS.has(event.stream_id)) return [];
    const timeNs = timeOf(event.timestamp);
    if (timeNs === undefined) {
      complain('it holds an event whose timestamp is no ISO 8601 time; that is left out');
      return [];
    }
    return this.#see(event, timeNs, line);
  }

  #see(event: HiveEvent, timeNs: bigint, line: Line): Fact[] {
    const id = runIdOf(event);
    const closedAt = this.#closed.get(id);
    if (closedAt !== undefined && line.end <= closedAt) return [];
    const facts: Fact[] = [];
    const isStart = event.type === 'execution_started';
    const before = this.#running.get(id);
    const isLater = isStart && (before !== undefined || closedAt !== undefined);
    if (isStart) {
      // The execution before it under the same id was lost without an end.
      facts.push(...(before?.execution.unreported() ?? []));
      this.#running.delete(id);
      if (isLater) this.#closed.set(id, line.start);
    }
    if (!this.#running.has(id)) {
      if ((this.#closed.has(id) && !isStart) || !BEGINS.test(event.type)) return facts;
      facts.push(...this.#begin(event, { startNs: timeNs, isLater }, line));
    }
    const running = this.#running.get(id);
    if (!running) return facts;
    facts.push(...running.execution.see(event, timeNs));
    if (running.execution.ended) this.#close(id, line.end);
    return facts;
  }

  #begin(event: HiveEvent, known: Omit<KnownBefore, 'ref'>, line: Line): Fact[] {
    const id = runIdOf(event);
    const { run, graph } = this.#around.describe(event, { ...known, ref: this.#refs.get(id) });
    if (!this.#around.claim(run, this.#tail.file)) {
      this.#closed.set(id, NOT_ITS_OWN);
      return [];
    }
    const isWorker = WORKER.test(event.stream_id);
    const session = this.#around.session(run.sessionId);
    const execution = new Execution(run, event.data.input, { session, graph, isWorker });
    const isUnannounced = !isWorker && event.type !== 'execution_started';
    const isStarted = !isUnannounced;
    this.#running.set(id, { execution, from: line.start, isUnannounced, isStarted });
    return isStarted ? [{ kind: 'run_started', run }] : [];
  }
}

/** Workers of a colony are runs of their own, though they may share the execution of the colony. */
export function runIdOf({ stream_id: stream, execution_id: id }: HiveEvent): string {
  return WORKER.exec(stream)?.[1] ?? id;
}

/** Workers of a colony bear ids of their own; what they have in common is that they are workers. */
function nodeIdOf({ node_id: nodeId, stream_id: stream }: HiveEvent): string {
  return stream.startsWith('worker') && UUID.test(nodeId) ? 'worker' : nodeId;
}
