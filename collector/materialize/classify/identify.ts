// Class, template and fingerprint of a failure's row: when its span comes, and again whenever the row
// has learned more.

import type { FailureRow } from '../../rows/rows.ts';
import { type FingerprintInput, fingerprint } from '../fingerprint/v1.ts';
import { classify } from './classify.ts';

export type Identifiable = Pick<
  FailureRow,
  'agent_id' | 'node_id' | 'site' | 'class' | 'error_type' | 'error_message' | 'stack_trace'
> & { attributes: Readonly<Record<string, string>> };

export interface Identity {
  class: string;
  template: string;
  fingerprint: string;
  /** Entries of `attributes` that say where the class comes from. */
  marks: Record<string, string>;
  /** What went into the fingerprint, in words. */
  why(): string;
  /** What the rule's class stands on, in words; '' when no rule fits. */
  evidence: string;
}

/** `rule` where the executor gave no class and a rule did. */
export const CLASS_FROM = 'faultline.class_from';
/** The class that the rules give, where it contradicts the one that the executor gave. */
export const CLASS_BY_RULE = 'faultline.class_by_rule';

const UNCLASSIFIED = 'unclassified';
const NO_MARKS: Record<string, string> = {};
const FROM_RULE: Record<string, string> = { [CLASS_FROM]: 'rule' };

/** Where tracers write what kind of operation a span was, the standard's name first. */
const OPERATION_KEYS = [
  'gen_ai.operation.name',
  'openinference.span.kind',
  'traceloop.span.kind',
  'llm.request.type',
  'genkit:metadata:subtype',
  'span.type',
];

/**
 * Identifies a failure. The class that the executor gave is kept; a class that carries the mark of an
 * earlier rule is found again.
 */
export function identify(row: Identifiable): Identity {
  const input = inputOf(row);
  const given = input.class;
  const { error_type, site } = row;
  const known = fingerprint(input);
  const { words, causes, libraries } = known;
  const operation = operationOf(row.attributes);
  const { class: rule, evidence } = classify({
    error_type,
    words,
    causes,
    libraries,
    site,
    operation,
  });
  const isGiven = given !== UNCLASSIFIED && given !== '';
  return {
    class: isGiven ? given : rule,
    template: known.template,
    fingerprint: known.fingerprint,
    marks: marksFor(given, rule, isGiven),
    why: known.why,
    evidence,
  };
}

function inputOf(row: Identifiable): FingerprintInput {
  const { agent_id, node_id, error_type, error_message, stack_trace } = row;
  const given = row.attributes[CLASS_FROM] === 'rule' ? UNCLASSIFIED : row.class;
  return { agent_id, node_id, class: given, error_type, error_message, stack_trace };
}

/** The marks that say where the class of a row comes from. */
export function classMarksOf(attributes: Readonly<Record<string, string>>): Record<string, string> {
  const marks: Record<string, string> = {};
  for (const mark of [CLASS_FROM, CLASS_BY_RULE]) {
    if (attributes[mark]) marks[mark] = attributes[mark];
  }
  return marks;
}

/** The row with what it is identified by now. */
export function identified(row: FailureRow): FailureRow {
  const { class: known, template, fingerprint: digest, marks } = identify(row);
  const { [CLASS_FROM]: _from, [CLASS_BY_RULE]: _rule, ...others } = row.attributes;
  return {
    ...row,
    class: known,
    template,
    fingerprint: digest,
    attributes: { ...others, ...marks },
  };
}

function marksFor(given: string, rule: string, isGiven: boolean): Record<string, string> {
  if (rule === UNCLASSIFIED || rule === given) return NO_MARKS;
  return isGiven ? { [CLASS_BY_RULE]: rule } : FROM_RULE;
}

function operationOf(attributes: Readonly<Record<string, string>>): string {
  for (const key of OPERATION_KEYS) {
    const operation = attributes[key];
    if (operation) return operation;
  }
  return '';
}
