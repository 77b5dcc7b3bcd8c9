// A failure that nothing reports as one: what a condition is, and what it may look at.
import type {
  FailureClass,
  FailureSeverity,
  FailureSite,
} from '../../instrumentation/semconv/index.ts';
import type { Call, Part } from '../dialects/dialect.ts';

/** A condition, as it stands in the row of what it finds. Names are those of the SDK's conditions. */
export interface Condition {
  name: string;
  /** '' where the rules of classes decide. */
  class: FailureClass | '';
  /** '' where the part or the call says it. */
  site: FailureSite | '';
  severity: FailureSeverity;
  message: string;
  hint?: string | undefined;
}

/** A part of an agent, or a call, that ended well as far as its span says. */
export interface Returned {
  part: Part;
  /** It is the outermost span of its trace or process. */
  isTop: boolean;
  call: Call | undefined;
  /** Of the span. */
  name: string;
  service: string;
  agent: string;
  node: string;
  input: string;
  /** Undefined when the span has no such attribute. */
  output: string | undefined;
  finishReason: string;
  /** Undefined when it is not reported. */
  outputTokens: number | undefined;
  durationMs: number;
  has(key: string): boolean;
  /** An attribute as text; '' without. */
  attribute(key: string): string;
}

export interface Finding {
  condition: Condition;
  /** In the place of the condition's message. */
  message?: string | undefined;
  /** What was found, for the evidence. */
  found?: unknown;
}

/** What looks at returned parts and calls. */
export interface Conditions {
  /** Whether calls of models are looked at that end as they should. */
  readonly wantsModels: boolean;
  /** Whether calls of tools are remembered, to find those that are made again and again. */
  readonly findsRepeatedCalls: boolean;
  /** What holds, the worst first. Never throws, and takes bounded time. */
  findings(returned: Returned): Finding[];
}

const ORDER: readonly FailureSeverity[] = ['critical', 'major', 'minor', 'warning'];

/** The worst first; of the same severity in the order in which they come. */
export function worstFirst(findings: Finding[]): Finding[] {
  const rank = ({ condition }: Finding): number => ORDER.indexOf(condition.severity);
  return findings.sort((a, b) => rank(a) - rank(b));
}
