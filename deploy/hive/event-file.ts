// One event dump: its lines become events, the events of each execution become facts. Reading can start
// again where it stopped: at the first event of the oldest execution that has not ended.
import { Execution } from './execution.ts';
import type { Fact, RunOfHive } from './facts.ts';
import type { HiveGraph } from './graph-file.ts';
import { type HiveEvent, hiveEvent, type NodeDetail } from './records.ts';

import { parse, type Say } from './session-logs.ts';
import { type Head, type Line, Tail } from './tail.ts';
import { timeOf } from './time.ts';

/** Where to go on in a file after a restart. */
export interface FileState {
  readonly offset: number;
  readonly head?: Head | undefined;
  /** Executions that ended, and the byte up to which their events are told. */
  readonly closed: Readonly<Record<string, number>>;
  /** Executions that have not ended, and the version of the graph that they run. */
  readonly open: Readonly<Record<string, string>>;
}

/** What an event file needs to know of the world around it. */
export interface Surroundings {
  /** Describes a run by its first event. */
  describe(event: HiveEvent, startNs: bigint, ref: string | undefined): Described;
  findDetail(
    executionId: string,
    nodeId: string,
    fits: (detail: NodeDetail) => boolean,
  ): NodeDetail | undefined;
  /**
   * Whether this file is the one that tells of the run: the same events may be in two files, and a
   * session may have been told from its logs before there were events.
   */
  claim(run: RunOfHive, file: string): boolean;
  /** The file was replaced: what it told may now be in another one. */
  release(file: string): void;
  say: Say;
}

export interface Described {
  readonly run: RunOfHive;
  readonly graph: HiveGraph | undefined;
}

interface Running {
  readonly execution: Execution;
  readonly from: number;
}

/** Streams of Hive's own agents, whose failures are not the agent's. */
const OWN_STREAMS = new Set(['queen', 'judge', 'sentinel']);
const BEGINS =
  /^(?:execution_(?!resumed)|node_loop_started$|worker_(?:completed|failed)$|edge_traversed$)/;
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}/;
const CLOSED_KEPT = 200;

/** In place of a byte: the events of this execution are not this file's to tell. */
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
    const told = parse(line.text, hiveEvent, complain);
    const event = told && { ...told, node_id: nodeIdOf(told) };
    if (!event || event.execution_id === '' || OWN_STREAMS.has(event.stream_id)) return [];
    const timeNs = timeOf(event.timestamp);
    if (timeNs === undefined) {
      complain('it holds an event whose timestamp is no ISO 8601 time; that is left out');
      return [];
    }
    return this.#see(event, timeNs, line);
  }

  #see(event: HiveEvent, timeNs: bigint, line: Line): Fact[] {
    const id = event.execution_id;
    const told = this.#closed.get(id);
    if (told !== undefined && line.end <= told) return [];
    const facts: Fact[] = [];
    const isStart = event.type === 'execution_started';
    if (isStart) {
      // The execution before it under the same id was lost without an end.
      this.#running.delete(id);
      this.#closed.delete(id);
    }
    if (!this.#running.has(id)) {
      if (this.#closed.has(id) || !BEGINS.test(event.type)) return [];
      facts.push(...this.#begin(event, timeNs, line));
    }
    const running = this.#running.get(id);
    if (!running) return facts;
    facts.push(...running.execution.see(event, timeNs));
    if (running.execution.ended) {
      this.#running.delete(id);
      this.#closed.delete(id);
      this.#closed.set(id, line.end);
    }
    return facts;
  }

  #begin(event: HiveEvent, timeNs: bigint, line: Line): Fact[] {
    const id = event.execution_id;
    const { run, graph } = this.#around.describe(event, timeNs, this.#refs.get(id));
    if (!this.#around.claim(run, this.#tail.file)) {
      this.#closed.set(id, NOT_ITS_OWN);
      return [];
    }
    const find = (nodeId: string, fits: (detail: NodeDetail) => boolean) =>
      this.#around.findDetail(id, nodeId, fits);
    const execution = new Execution(run, event.data.input, find, graph);
    this.#running.set(id, { execution, from: line.start });
    return [{ kind: 'run_started', run }];
  }
}

/** Workers of a colony bear ids of their own; what they have in common is that they are workers. */
function nodeIdOf({ node_id: nodeId, stream_id: stream }: HiveEvent): string {
  return stream.startsWith('worker') && UUID.test(nodeId) ? 'worker' : nodeId;
}
