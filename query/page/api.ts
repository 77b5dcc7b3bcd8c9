// What the page asks of /api/v1, with the types of the answers.

import type { Page } from '../base/fields.ts';
import type { MaybePartial } from '../base/partial.ts';
import type { SqlResult } from '../base/store.ts';
import type { Agent } from '../questions/agents/agents.ts';
import type { Brief } from '../questions/brief/question.ts';
import type { Cascade } from '../questions/cascade/question.ts';
import type { FailureCase } from '../questions/cases/question.ts';
import type { Evolution } from '../questions/evolutions/schemas.ts';
import type { Failure, FailureDetail } from '../questions/failures/schemas.ts';
import type { GraphDiff, GraphSnapshot } from '../questions/graphs/schemas.ts';
import type {
  Group,
  GroupChange,
  GroupDetail,
  GroupEvent,
  GroupState,
} from '../questions/groups/schemas.ts';
import type { EvolutionEffects } from '../questions/ledger/schemas.ts';
import type { NodeHealth } from '../questions/nodes/question.ts';
import type { SkippedSpansAnswer } from '../questions/skipped/question.ts';
import type { TimelineEvent } from '../questions/timeline/question.ts';
import { setMissing } from './missing.ts';
import { root } from './route.ts';
import { token } from './session.ts';

/** The service answered, but not with what was asked for. */
export class Refused extends Error {
  readonly status: number;
  /** The field of the request that is to blame; '' when none is. */
  readonly field: string;
  constructor(status: number, message: string, field = '') {
    super(message);
    this.status = status;
    this.field = field;
  }
  /** Whether a token, or another one, would help. */
  get needsToken(): boolean {
    return this.status === 401 || this.status === 403;
  }
}

type Query = Record<string, string | number | undefined>;

async function ask<T>(path: string, query: Query = {}, body?: unknown): Promise<T> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') search.set(name, String(value));
  }
  const bearer = token();
  const response = await fetch(`${root}api/v1${path}${search.size ? `?${search}` : ''}`, {
    method: body === undefined ? 'GET' : 'POST',
    credentials: 'omit',
    headers: {
      ...(bearer ? { authorization: `Bearer ${bearer}` } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch(() => {
    throw new Refused(0, 'The query service does not answer.');
  });
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok && answer !== undefined) {
    setMissing((answer as MaybePartial).partial);
    return answer as T;
  }
  const { detail, field } = (answer ?? {}) as { detail?: string; field?: string };
  throw new Refused(response.status, detail ?? `The service answered ${response.status}.`, field);
}

const id = encodeURIComponent;

export interface GroupFilter extends Query {
  agent?: string;
  node?: string;
  state?: GroupState | '';
  since?: string;
  /** Adds the failures by hour and the verdict on the last fix. */
  trend?: 'true';
  limit?: number;
  cursor?: string;
}
interface Paged extends Query {
  limit?: number;
  cursor?: string;
}

export const api = {
  /** With their groups by state. */
  agents: (page: Paged & { find?: string; states?: 'true' }) => ask<Page<Agent>>('/agents', page),
  skippedSpans: () => ask<SkippedSpansAnswer>('/skipped-spans'),
  groups: (filter: GroupFilter) => ask<Page<Group>>('/groups', filter),
  group: (fingerprint: string) => ask<GroupDetail>(`/groups/${id(fingerprint)}`),
  cases: (fingerprint: string, page: Paged) =>
    ask<Page<FailureCase>>(`/groups/${id(fingerprint)}/cases`, page),
  change: (fingerprint: string, change: GroupChange) =>
    ask<GroupEvent>(`/groups/${id(fingerprint)}/events`, {}, change),
  failures: (filter: Paged & { fingerprint?: string }) => ask<Page<Failure>>('/failures', filter),
  failure: (failureId: string) => ask<FailureDetail>(`/failures/${id(failureId)}`),
  cascade: (failureId: string) => ask<Cascade>(`/failures/${id(failureId)}/cascade`),
  nodes: (agent: string, versions: 'current' | 'all' = 'current') =>
    ask<Page<NodeHealth>>(`/agents/${id(agent)}/nodes`, { versions, limit: 500 }),
  brief: (agent: string, tokens: number) =>
    ask<Pick<Brief, 'markdown'>>(`/agents/${id(agent)}/brief`, { max_tokens: tokens }),
  timeline: (agent: string, page: Paged) =>
    ask<Page<TimelineEvent>>(`/agents/${id(agent)}/timeline`, page),
  evolution: (evolutionId: string) => ask<Evolution>(`/evolutions/${id(evolutionId)}`),
  effects: (evolutionId: string) => ask<EvolutionEffects>(`/evolutions/${id(evolutionId)}/effects`),
  graph: (ref: string) => ask<GraphSnapshot>(`/graphs/${id(ref)}`),
  diff: (from: string, to: string) => ask<GraphDiff>('/graphs/diff', { from, to }),
  sql: (sql: string, params?: Record<string, string>) =>
    ask<SqlResult>('/sql', {}, params ? { sql, params } : { sql }),
};
