// The real inputs that groupings and classes are scored on, where they are beside the project.
import { existsSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/** Beside the project, or where BENCH_DATA says. */
const FOLDER = process.env.BENCH_DATA
  ? pathToFileURL(`${process.env.BENCH_DATA}/`)
  : new URL('../../../shared/data/', import.meta.url);

export interface AgentError {
  error_type: string;
  error_message: string;
  stack_trace?: string;
  library: string;
  template_id: string;
}

export interface LogLine {
  system: string;
  message: string;
  group: string;
}

type Side = Pick<AgentError, 'error_type' | 'error_message' | 'stack_trace'>;

export interface Pair {
  id: number;
  a: Side;
  b: Side;
  same: boolean;
  kind: string;
  contested: boolean;
}

export interface Classed extends Side {
  library: string;
  true_class: string;
}

/** The lines of a file; undefined, and a line on the screen, where it is not there. */
function lines<T>(name: string): T[] | undefined {
  const file = new URL(name, FOLDER);
  if (!existsSync(file)) {
    console.log(`${name} is not beside the project: not scored`);
    return undefined;
  }
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T);
}

export const agentErrors = () => lines<AgentError>('agent-errors-dev.jsonl');
export const logLines = () => lines<LogLine>('loghub-dev.jsonl');
export const pairs = () => lines<Pair>('pairs-dev.jsonl');
export const classed = () => lines<Classed>('classes-dev.jsonl');
