// What a trace of other people's spans amounts to: its runs, their nodes' attempts, and each failure once.
// Pure, and the same whatever order the spans came in.
import { eachInSteps, mapInSteps, type Steps } from '../decode/turns.ts';
import type { FailureRow, GraphRunRow, NodeAttemptRow, TraceSpanRow } from '../rows/rows.ts';
import { type Cluster, clustersOf } from './clusters.ts';
import { isModelCall } from './model-call.ts';
import { addTime } from './times.ts';
import { nodeAround, rootOf, type TracePart, TraceTree } from './trace-tree.ts';
import { evidenceOf, levelOf, type Verdict } from './verdict.ts';
import { attemptOf, visitsOf } from './visits.ts';

interface Outcome {
  outcome: string;
  rootSpanId: string;
}

export interface Decision {
  verdicts: Verdict[];
  /** By the span they were made of. */
  runs: Map<string, GraphRunRow>;
  attempts: Map<string, NodeAttemptRow>;
  /** Something is around the outermost part that may still come. */
  isOpen: boolean;
}

/**
 * @param spans of one trace
 * @param failures one row for each failed span, as it was reported
 * @param isDue whether to decide although the outermost part may not have come
 */
export function* decide(
  spans: readonly TraceSpanRow[],
  failures: readonly FailureRow[],
  isDue: boolean,
): Steps<Decision> {
  const tree = yield* TraceTree.of(spans, failures);
  const decider = new Decider(spans, tree, isDue);
  yield* decider.addParts();
  yield* decider.addFailures(failures);
  return yield* decider.decide();
}

class Decider {
  private readonly tree: TraceTree;
  private readonly isDue: boolean;
  private clusters: Cluster[] = [];
  private readonly homes = new Map<string, FailureRow>();
  private readonly visitOf = new Map<TracePart, TracePart[]>();
  private readonly spans: Map<string, TraceSpanRow>;
  /** The parts below each root, the earliest first. */
  private readonly members = new Map<TracePart, TracePart[]>();
  private readonly firstRun: TracePart | undefined;
  /** The only session of the trace; '' when there are several. */
  private readonly session: string;
  private readonly refs = new Map<TracePart, string>();
  /** How runs ended of which a condition says that they did not end well. */
  private readonly degraded = new Map<TracePart, Outcome>();

  constructor(spans: readonly TraceSpanRow[], tree: TraceTree, isDue: boolean) {
    this.isDue = isDue;
    this.spans = new Map(spans.map((row) => [row.span_id, row]));
    this.tree = tree;
    this.firstRun = tree.roots.find(({ standing }) => standing === 'run');
    const sessions = new Set(spans.map(({ session_id }) => session_id).filter(Boolean));
    this.session = sessions.size === 1 ? [...sessions][0]! : '';
  }

  /** Which visit a node belongs to, and which parts a root has. */
  *addParts(): Steps<void> {
    const { parts, roots } = this.tree;
    for (const visit of yield* visitsOf(parts.filter(({ isNode }) => isNode))) {
      yield* eachInSteps(visit, (node) => this.visitOf.set(node, visit));
    }
    for (const root of roots) this.members.set(root, []);
    yield* eachInSteps(parts, (part) => {
      if (part.parent !== undefined) this.members.get(rootOf(part))?.push(part);
    });
  }

  /** Which of them are one failure, and where that is at home. */
  *addFailures(failures: readonly FailureRow[]): Steps<void> {
    this.clusters = yield* clustersOf(failures, this.tree);
    yield* eachInSteps(this.clusters, (cluster) => {
      const home = this.homeOf(cluster);
      for (const report of cluster) this.homes.set(report.span_id, home);
      if (home.disposition === 'degraded') this.noteDegraded(home);
    });
  }

  /** The run ended badly where the condition is its own and is no small matter. */
  private noteDegraded({ span_id, severity, ...home }: FailureRow): void {
    const part = this.tree.part(span_id) ?? this.tree.around({ span_id, ...home });
    if (part === undefined) return;
    const root = rootOf(part);
    const isFatal =
      root.row.span_id === span_id && (severity === 'major' || severity === 'critical');
    if (isFatal) this.degraded.set(root, { outcome: 'failure', rootSpanId: span_id });
    else if (!this.degraded.has(root)) {
      this.degraded.set(root, { outcome: 'degraded', rootSpanId: '' });
    }
  }

  *decide(): Steps<Decision> {
    const isOpen = this.tree.roots.some((root) => !this.isSettled(root));
    const verdicts = yield* mapInSteps(this.clusters, (cluster) => this.verdictOf(cluster));
    const runs = yield* this.settledRuns();
    const attempts = new Map<string, NodeAttemptRow>();
    yield* eachInSteps(this.tree.parts, (node) => {
      const { state } = node.row;
      if (!node.isNode || state === 'paused' || state === 'cancelled') return;
      if (this.isSettled(rootOf(node))) attempts.set(node.row.span_id, this.attemptRowOf(node));
    });
    return { verdicts, runs, attempts, isOpen };
  }

  /** Of several spans that say that they are the same run, the last is the run. */
  private *settledRuns(): Steps<Map<string, GraphRunRow>> {
    const byKey = new Map<string, GraphRunRow>();
    yield* eachInSteps(this.tree.roots, (root) => {
      if (root.standing !== 'run' || !this.isSettled(root)) return;
      const run = this.runOf(root);
      const key = JSON.stringify([run.agent_id, run.run_id]);
      const known = byKey.get(key);
      if (known === undefined || known.ended_at <= run.ended_at) byKey.set(key, run);
    });
    return new Map([...byKey.values()].map((run) => [run.span_id, run]));
  }

  /** Nothing that is still to come can be around it, or it was waited for long enough. */
  private isSettled(root: TracePart): boolean {
    return root.isPlaced || this.isDue;
  }

  /** At the innermost node that it ended, else the innermost agent or run, else where it began. */
  private homeOf(cluster: Cluster): FailureRow {
    const parts = cluster.map((report) => this.tree.part(report.span_id));
    const node = parts.findIndex((part) => part?.isNode);
    if (node >= 0) return cluster[node]!;
    const agent = parts.findIndex((part) => part !== undefined && part.row.part !== 'step');
    return cluster[agent] ?? cluster[parts.findIndex((part) => part !== undefined)] ?? cluster[0];
  }

  private verdictOf(cluster: Cluster): Verdict {
    const home = this.homeOf(cluster);
    const part = this.tree.part(home.span_id);
    const around = part ?? this.tree.around(home);
    const node = nodeAround(around);
    const consequences = cluster.filter((report) => report !== home);
    const columns: Partial<FailureRow> = {
      ...(around === undefined ? {} : this.identityOf(around, home)),
      ...(node === undefined ? {} : this.nodeColumns(node)),
      ...this.innerColumns(cluster, home, part),
      level: levelOf(part, home),
      disposition: home.disposition || this.dispositionOf(cluster, home, part, node),
    };
    if (consequences.length > 0 && home.evidence === '') {
      columns.evidence = evidenceOf(consequences, this.spans);
    }
    return { home, columns, consequences };
  }

  /** Whose it is: the same for all of a trace's rows that lie in one run. */
  private identityOf(part: TracePart, own?: FailureRow) {
    const root = rootOf(part);
    const { row } = root;
    return {
      agent_id: row.agent_id || row.agent_name || row.service_name,
      agent_name: row.agent_name,
      run_id: this.runIdOf(root),
      session_id: own?.session_id || part.session || this.session,
      graph_id: row.graph_id,
      graph_snapshot_ref: this.refOf(root),
    };
  }

  /** The first run of a trace has its id, unless somebody gave it another. */
  private runIdOf(root: TracePart): string {
    const { row } = root;
    if (row.run_id !== '') return row.run_id;
    const isFirst = this.firstRun === undefined || this.firstRun === root;
    return isFirst || root.standing !== 'run' ? row.trace_id : `${row.trace_id}:${row.span_id}`;
  }

  /** The graph that a span of the run reports, else the release. */
  private refOf(root: TracePart): string {
    let ref = this.refs.get(root);
    if (ref === undefined) {
      const isGraph = (part: TracePart) => part.row.graph_snapshot_ref.startsWith('sha256:');
      const inside = (this.members.get(root) ?? []).find((part) => part.isOfRun && isGraph(part));
      ref = (isGraph(root) ? root : (inside ?? root)).row.graph_snapshot_ref;
      this.refs.set(root, ref);
    }
    return ref;
  }

  private nodeColumns(node: TracePart): Partial<FailureRow> {
    return {
      node_id: node.nodeId,
      node_name: node.row.node_name,
      node_type: node.row.node_type,
      attempt: attemptOf(node, this.visitOf.get(node) ?? [node]),
      max_attempts: node.row.max_attempts,
    };
  }

  /** What the report says better where the failure began: its kind, and what the failed call received. */
  private innerColumns(cluster: Cluster, home: FailureRow, part: TracePart | undefined) {
    const columns: Partial<FailureRow> = {};
    for (const report of cluster) {
      if (report === home) break;
      if (home.error_type === '' && report.error_type !== '')
        columns.error_type ??= report.error_type;
      if (home.stack_trace === '' && report.stack_trace !== '')
        columns.stack_trace ??= report.stack_trace;
      if (report.class !== 'unclassified') columns.class ??= report.class;
    }
    const first = cluster[0];
    const isCall = first !== home && this.tree.part(first.span_id) === undefined;
    // An agent received a conversation; what failed of it is the call.
    const isAgent = part !== undefined && part.row.part !== 'node';
    if (isCall && first.input_context !== '' && (isAgent || home.input_context === '')) {
      columns.input_context = first.input_context;
      columns.input_digest = first.input_digest;
    }
    return columns;
  }

  private dispositionOf(
    cluster: Cluster,
    home: FailureRow,
    part: TracePart | undefined,
    node: TracePart | undefined,
  ): string {
    if (part?.isNode) {
      const visit = this.visitOf.get(part)!;
      const at = visit.indexOf(part);
      const isLast = at === visit.length - 1;
      if (!isLast)
        return visit.at(-1)!.row.state === 'good' && at === visit.length - 2
          ? 'recovered'
          : 'retried';
    }
    const place = part ?? node ?? this.tree.around(home);
    const root = place === undefined ? undefined : rootOf(place);
    if (root === undefined || root.standing !== 'run' || !this.isSettled(root)) return '';
    const ends = cluster.some((report) => this.tree.part(report.span_id) === root);
    if (ends || (part !== undefined && this.endsSilently(part, root))) return 'terminal';
    if (part === undefined && isModelCall(this.spans.get(home.span_id), home)) return 'recovered';
    return 'routed';
  }

  /** A run whose status is good whatever happened: nothing began after the node had failed. */
  private endsSilently(part: TracePart, root: TracePart): boolean {
    if (root.row.is_status_silent === 0 || root.row.state !== 'good') return false;
    const members = this.members.get(root)!;
    const last = members.at(-1) === part ? members.at(-2) : members.at(-1);
    return last === undefined || last.interval.start < part.interval.end;
  }

  private runOf(root: TracePart): GraphRunRow {
    const { row } = root;
    const { outcome, rootSpanId } = this.outcomeOf(root);
    return {
      ...this.identityOf(root),
      service_name: row.service_name,
      environment: row.environment,
      trace_id: row.trace_id,
      span_id: row.span_id,
      started_at: addTime(row.timestamp, -BigInt(row.duration_ns)),
      ended_at: row.timestamp,
      outcome,
      told_at: row.timestamp,
      root_span_id: rootSpanId,
      received_at: row.received_at,
      is_deleted: 0,
    };
  }

  private outcomeOf(root: TracePart): Outcome {
    const { state } = root.row;
    if (state === 'paused' || state === 'cancelled') return { outcome: state, rootSpanId: '' };
    if (state === 'failed') {
      const home = this.homes.get(root.row.span_id);
      const isBudget = home !== undefined && BUDGETS.has(home.class);
      return { outcome: isBudget ? 'truncated' : 'failure', rootSpanId: home?.span_id ?? '' };
    }
    const nodes = this.members.get(root) ?? [];
    const silent = nodes.find(
      (part) => part.row.state === 'failed' && this.endsSilently(part, root),
    );
    if (silent !== undefined) {
      const home = this.homes.get(silent.row.span_id);
      return { outcome: 'failure', rootSpanId: home?.span_id ?? '' };
    }
    const isPaused = nodes.some(
      (part) => part.row.state === 'paused' && this.visitOf.get(part)?.at(-1)?.row.state !== 'good',
    );
    if (isPaused) return { outcome: 'paused', rootSpanId: '' };
    const isRouted = nodes.some((part) => part.isNode && this.isLostAttempt(part));
    return (
      this.degraded.get(root) ?? { outcome: isRouted ? 'degraded' : 'success', rootSpanId: '' }
    );
  }

  /** A node failed for good, and the run went on. */
  private isLostAttempt(part: TracePart): boolean {
    const { state, span_id } = part.row;
    if (state !== 'failed' || this.homes.get(span_id)?.span_id !== span_id) return false;
    return this.visitOf.get(part)?.at(-1) === part;
  }

  private attemptRowOf(node: TracePart): NodeAttemptRow {
    const { row } = node;
    const { agent_id, run_id, graph_id, graph_snapshot_ref } = this.identityOf(node);
    const home = this.homes.get(row.span_id);
    return {
      timestamp: row.timestamp,
      agent_id,
      graph_snapshot_ref,
      graph_id,
      run_id,
      node_id: node.nodeId,
      attempt: attemptOf(node, this.visitOf.get(node) ?? [node]),
      ok: row.state !== 'failed' && row.state !== 'degraded',
      duration_ns: row.duration_ns,
      trace_id: row.trace_id,
      span_id: row.span_id,
      root_span_id: home === undefined || home.span_id === row.span_id ? '' : home.span_id,
      revision: 1,
      is_deleted: 0,
    };
  }
}

/** A run that used these up was stopped and did not break. */
const BUDGETS = new Set(['graph.step_budget', 'graph.visit_limit', 'loop.max_iterations']);
