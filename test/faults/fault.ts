// What a fault is, and how what it left is counted.

import type { Acknowledged } from './sender.ts';
import type { Server } from './server.ts';
import type { World } from './world.ts';

export interface Outcome {
  /** Failures whose request was answered with success. */
  acknowledged: number;
  /** Of these, how many ClickHouse has. */
  found: number;
  /** Rows of any table that were acknowledged and are not there. */
  lost: number;
  /** Rows of any table or view beyond one for the same thing. */
  doubled: number;
  /** What else is to be known. */
  note?: string;
  /** What was wrong besides. */
  problem?: string;
}

export interface Fault {
  name: string;
  /** Takes too long for every run: only when its file is named. */
  byHand?: boolean;
  /** Milliseconds that it takes by design, beyond what none takes. */
  lastsMs?(world: World): number;
  /** Breaks something and counts. @throws when the fault could not be brought about */
  run(world: World): Promise<Outcome>;
}

/** This machine lacks what the fault needs; the message says what. */
export class NotHere extends Error {
  override name = 'NotHere';
}

/** Rows that are one too many, by table. Each subquery counts all rows and those that differ. */
const DOUBLED = `
  SELECT
    (SELECT count() - uniqExact(failure_id) FROM failures FINAL) AS failures,
    (SELECT count() - uniqExact(trace_id, span_id) FROM node_attempts FINAL) AS node_attempts,
    (SELECT count() - uniqExact(run_id) FROM graph_runs FINAL) AS graph_runs,
    (SELECT count() FROM failure_records) - (SELECT count() FROM failures FINAL) AS failure_records`;

/** Counts once what was acknowledged and what is there now. */
export async function count(
  server: Pick<Server, 'rows' | 'column'>,
  acknowledged: Acknowledged,
): Promise<Outcome> {
  const failures = await server.column('SELECT toString(failure_id) FROM failures FINAL');
  const spans = await server.column('SELECT span_id FROM node_attempts FINAL');
  const runs = await server.column(
    `SELECT run_id FROM graph_runs FINAL WHERE outcome = 'failure' AND toYear(ended_at) > 1970`,
  );
  const records = await server.column('SELECT session_id FROM failure_records');
  const missing = {
    failures: absent(acknowledged.failures, failures),
    node_attempts: absent(acknowledged.spans, spans),
    graph_runs: absent(acknowledged.runs, runs),
    failure_records: absent(acknowledged.sessions, records),
  };
  const doubled = (await server.rows<Record<string, string>>(DOUBLED))[0]!;
  const lost = sum(Object.values(missing));
  const twice = sum(Object.values(doubled).map(Number));
  const notes = [
    lost > 0 ? `lost ${told(missing)}` : '',
    twice > 0 ? `doubled ${told(doubled)}` : '',
  ];
  const note = notes.filter((text) => text !== '').join(', ');
  return {
    acknowledged: acknowledged.failures.size,
    found: acknowledged.failures.size - missing.failures,
    lost,
    doubled: twice,
    ...(note === '' ? {} : { note }),
  };
}

function absent(expected: ReadonlySet<string>, found: readonly string[]): number {
  const there = new Set(found);
  let missing = 0;
  for (const id of expected) if (!there.has(id)) missing++;
  return missing;
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function told(by: Record<string, number | string>): string {
  return Object.entries(by)
    .filter(([, rows]) => Number(rows) > 0)
    .map(([table, rows]) => `${rows} ${table}`)
    .join(', ');
}
