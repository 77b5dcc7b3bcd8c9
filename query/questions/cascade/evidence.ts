// What lies under a failure: failed calls of tools and models, and what the executor gave as evidence.
import type { FailureFact } from './facts.ts';
import type { Evidence } from './question.ts';

const MAX_OPERATIONS = 50;
const MAX_ENTRIES = 20;
const MAX_CHARACTERS = 500;

const KINDS = [
  ['judge', /judge|feedback|verdict|critique|review/i],
  ['tool', /tool/i],
  ['model', /model|llm|completion/i],
  ['cause', /cause/i],
] as const;

/** @param operations failed operations below, the first first */
export function evidenceOf(failure: FailureFact, operations: readonly FailureFact[]): Evidence {
  return {
    operations: operations.slice(0, MAX_OPERATIONS).map(({ failure_id }) => failure_id),
    told: reportedEvidence(failure.evidence),
  };
}

function reportedEvidence(text: string): Evidence['told'] {
  if (text === '') return [];
  return entriesOf(text)
    .slice(0, MAX_ENTRIES)
    .map(([key, value]) => ({
      kind: KINDS.find(([, pattern]) => pattern.test(key))?.[0] ?? 'other',
      key: key.slice(0, 100),
      text: (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, MAX_CHARACTERS),
    }));
}

/** The fields of a JSON object; anything else is one entry without a name, also JSON that was cut. */
function entriesOf(text: string): [string, unknown][] {
  try {
    const value: unknown = JSON.parse(text);
    const isFields = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isFields ? Object.entries(value) : [['', value]];
  } catch {
    return [['', text]];
  }
}
