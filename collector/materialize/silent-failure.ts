// What conditions find of a span that ended well, in the columns of a failure.
import type { Finding, Returned } from '../conditions/index.ts';
import type { Part, SpanView } from '../dialects/dialect.ts';
import { attributeOf, callOf, type Understood } from '../dialects/index.ts';
import type { FailureRow } from '../rows/rows.ts';
import type { AttributeReader } from './attribute-reader.ts';

/** Columns that a condition fills. */
export type SilentColumns = Pick<
  FailureRow,
  | 'class'
  | 'site'
  | 'severity'
  | 'disposition'
  | 'condition'
  | 'error_type'
  | 'error_message'
  | 'evidence'
>;

const OUTPUT_BYTES = 2048;
const FOUND_BYTES = 2048;
const MESSAGE_BYTES = 1024;
const MAX_ALSO = 10;

export interface SpanFacts {
  view: SpanView;
  understood: Understood;
  part: Part;
  service: string;
  agent: string;
  durationNs: string;
}

/** The span as conditions look at it. */
export function returnedBy(facts: SpanFacts): Returned {
  const { view, understood, part } = facts;
  const call = part === 'operation' ? callOf(view) : undefined;
  const tokens = attributeOf(view, 'outputTokens');
  return {
    part,
    isTop: !view.hasParent,
    call,
    name: view.name,
    service: facts.service,
    agent: facts.agent,
    node: understood.nodeId ?? '',
    input: understood.input ?? '',
    output: attributeOf(view, 'outputs'),
    finishReason: attributeOf(view, 'finishReasons') ?? '',
    outputTokens: tokens === undefined || tokens === '' ? undefined : Number(tokens),
    durationMs: Number(BigInt(facts.durationNs) / 1_000_000n),
    has: view.has,
    attribute: view.text,
  };
}

/** @param findings the worst first, at least one */
export function silentColumns(
  [worst, ...others]: [Finding, ...Finding[]],
  { part, call, output }: Returned,
  { redactor }: AttributeReader,
): SilentColumns {
  const { condition, message, found } = worst;
  const clean = (name: string, text: string, bytes: number) => redactor.text(name, text, bytes);
  const evidence = {
    ...(condition.hint === undefined ? {} : { hint: condition.hint }),
    ...(found === undefined ? {} : { found: clean('found', JSON.stringify(found), FOUND_BYTES) }),
    ...(others.length === 0
      ? {}
      : { also: others.slice(0, MAX_ALSO).map((other) => ({ condition: other.condition.name })) }),
    ...(output === undefined ? {} : { output: clean('output', output, OUTPUT_BYTES) }),
  };
  return {
    class: condition.class || 'unclassified',
    site: condition.site || siteOf(part, call),
    severity: condition.severity,
    // The linker says it of a tool, as of one that failed aloud.
    disposition: call === 'tool' || call === 'guardrail' ? '' : 'degraded',
    condition: condition.name,
    error_type: condition.name,
    error_message: clean('message', message ?? condition.message, MESSAGE_BYTES),
    evidence: JSON.stringify(evidence),
  };
}

function siteOf(part: Part, call: Returned['call']): string {
  if (call === 'model') return 'llm.call';
  if (call === 'tool') return 'tool.call';
  return part === 'graph' ? 'run' : 'node.result';
}
