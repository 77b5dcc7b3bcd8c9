// From what conditions found to the failure that is reported. Nobody threw it: it has a type and a message,
// and no stack.
import type { Failure } from '../core/observer.ts';
import type { Finding } from './evaluation.ts';

/** What was found of an output. */
export interface Judged {
  /** The worst first; none if it is fine. */
  readonly findings: readonly Finding[];
  /** Names of the conditions that were not waited for. */
  readonly undecided: readonly string[];
}

const OUTPUT_BYTES = 2048;
const FOUND_BYTES = 3072;
const ALSO_BYTES = 1536;
const MAX_ALSO = 10;

/** The worst finding as a failure; the others stand in its evidence. */
export function failureOf(
  { findings, undecided }: Judged,
  given: { readonly input?: unknown; readonly output: unknown },
): Failure {
  const [{ condition, evidence }, ...others] = findings as [Finding, ...Finding[]];
  const { name, message, hint, severity, site } = condition;
  return {
    error: { name, message },
    details: {
      condition: name,
      class: condition.class,
      severity,
      site,
      ...('input' in given && { input: given.input }),
      evidence: { ...(hint && { hint }), ...(undecided.length > 0 && { undecided }) },
      excerpts: {
        ...(evidence !== undefined && { found: { value: evidence, bytes: FOUND_BYTES } }),
        ...(others.length > 0 && {
          also: { value: others.slice(0, MAX_ALSO).map(shown), bytes: ALSO_BYTES },
        }),
        output: { value: given.output, bytes: OUTPUT_BYTES },
      },
    },
  };
}

function shown({ condition, evidence }: Finding): object {
  const { name, class: why, severity } = condition;
  return {
    condition: name,
    class: why,
    severity,
    ...(evidence !== undefined && { found: evidence }),
  };
}
