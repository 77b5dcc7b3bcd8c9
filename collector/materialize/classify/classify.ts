// Why a failure happened, with the evidence for it. A pure function of the row; rules may get better
// from version to version, so that nothing that has to last depends on what they give.
import type { FailureClass } from '../../../instrumentation/semconv/index.ts';
import { placeOf, type Where } from './place.ts';
import { RULES } from './rules.ts';

export interface Symptoms extends Where {
  error_type: string;
  /** Words of the message, without values and punctuation. */
  words: string;
  /** Of each cause its type and the words of its message, the root last. */
  causes: readonly string[];
}

export interface Classified {
  class: FailureClass;
  /** What was found, in words; '' when there is no evidence for any class. */
  evidence: string;
}

const UNCLASSIFIED: Classified = { class: 'unclassified', evidence: '' };
const MAX_EVIDENCE = 80;
/** Characters of type and words that are looked at. */
const MAX_SAID = 2000;

/** Failures come in many of few kinds. */
const MAX_CACHED = 4096;
const cache = new Map<string, Classified>();

/** The class of a failure; `unclassified` when there is no evidence for any. */
export function classify(symptoms: Symptoms): Classified {
  const { error_type, words, site, operation, libraries, causes } = symptoms;
  let key = `${site} ${operation}\n${error_type}\n${words}`;
  if (libraries.length > 0) key += `\n${libraries.join(' ')}`;
  if (causes.length > 0) key += `\n\n${causes.join('\n')}`;
  let found = cache.get(key);
  if (found === undefined) {
    if (cache.size >= MAX_CACHED) cache.clear();
    found = search(symptoms);
    cache.set(key, found);
  }
  return found;
}

function search(symptoms: Symptoms): Classified {
  const { error_type, words, causes } = symptoms;
  const own = match(`${error_type} ${words}`, symptoms);
  if (own.class !== 'unclassified' && !FALLBACKS.has(own.class)) return own;
  for (const cause of [...causes].reverse()) {
    const behind = match(cause, symptoms);
    if (behind.class === 'unclassified' || FALLBACKS.has(behind.class)) continue;
    return { class: behind.class, evidence: `cause: ${behind.evidence}` };
  }
  return own;
}

/** What fits so much that the cause behind it says more. */
const FALLBACKS = new Set<FailureClass>(['tool.error', 'code.error']);

function match(text: string, where: Where): Classified {
  const said = text.slice(0, MAX_SAID).toLowerCase();
  if (said.trim() === '') return UNCLASSIFIED;
  const { place, known, isExplicit } = placeOf(where, said);
  for (const rule of RULES) {
    if (rule.at !== undefined && rule.at !== place) continue;
    if (rule.isExplicit && !isExplicit) continue;
    const found = rule.says.exec(said);
    if (!found || rule.unless?.test(said)) continue;
    const words = found[0].length > 1 ? `says "${found[0].slice(0, MAX_EVIDENCE)}"` : '';
    const about = !rule.at ? '' : `at ${place} (${known})`;
    return { class: rule.class, evidence: [words, about].filter(Boolean).join(', ') };
  }
  return UNCLASSIFIED;
}
