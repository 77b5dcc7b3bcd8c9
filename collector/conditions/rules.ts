// The user's rules at work. A rule is data, but its patterns are foreign code all the same: they run with a
// limit of time, and a rule that is too slow or throws rests for a while and is reported.
import { createContext, Script } from 'node:vm';
import type { Condition, Finding, Returned } from './condition.ts';
import { isBlank, isNothing } from './output.ts';
import type { Check, Rule } from './rules-file.ts';

/** A rule that could not be evaluated. */
export interface RuleFault {
  rule: string;
  reason: 'slow' | 'threw';
  message: string;
}

/** Milliseconds for the patterns of one rule on one span. */
const TIME_MS = 25;
/** Characters of a text that patterns and words are looked for in. */
const MOST = 64 * 1024;
const TOO_SLOW = 'ERR_SCRIPT_EXECUTION_TIMEOUT';
/** How long a rule rests that was too slow or threw, in milliseconds. */
const REST_MS = 60_000;

/** Patterns run in a context of their own: only there they can be stopped. */
const sandbox = createContext(Object.assign(Object.create(null), { pattern: undefined, text: '' }));
const search = new Script('pattern.test(text)', { filename: 'condition' });
// The first run is slow whatever the pattern is.
sandbox.pattern = /a/;
search.runInContext(sandbox);

/** One rule. States: at work, or resting until {@link restsUntil} after a fault. */
export class RuleCondition {
  readonly condition: Condition;
  private readonly rule: Rule;
  private readonly report: (fault: RuleFault) => void;
  private restsUntil = 0;

  constructor(rule: Rule, report: (fault: RuleFault) => void) {
    this.rule = rule;
    this.report = report;
    const { name, severity, hint } = rule;
    this.condition = {
      name,
      class: rule.class,
      site: rule.site ?? '',
      severity,
      message: rule.message ?? `failure condition ${name} is met`,
      hint,
    };
  }

  /** Never throws. */
  find(returned: Returned, isAgain = false): Finding | undefined {
    if (!this.isMeant(returned) || Date.now() < this.restsUntil) return undefined;
    try {
      const deadline = performance.now() + TIME_MS;
      const found: Record<string, string> = {};
      for (const check of this.rule.when) {
        if (holds(check, returned, deadline) === check.not) return undefined;
        found[nameOf(check)] = excerptOf(check, returned);
      }
      return { condition: this.condition, found };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // The machine may have been busy: once more before it rests.
      if (code === TOO_SLOW && !isAgain) return this.find(returned, true);
      this.rest(error as NodeJS.ErrnoException);
      return undefined;
    }
  }

  private isMeant(returned: Returned): boolean {
    const { part, service, agent, node, span } = this.rule.on;
    return (
      part.some((wanted) => isPart(wanted, returned)) &&
      matches(service, returned.service) &&
      matches(agent, returned.agent) &&
      matches(node, returned.node) &&
      matches(span, returned.name)
    );
  }

  private rest({ code, message }: NodeJS.ErrnoException): void {
    this.restsUntil = Date.now() + REST_MS;
    const reason = code === TOO_SLOW ? 'slow' : 'threw';
    this.report({ rule: this.rule.name, reason, message });
  }
}

function isPart(wanted: Rule['on']['part'][number], { part, isTop, call }: Returned): boolean {
  if (wanted === 'run') return isTop && (part === 'graph' || part === 'agent');
  if (wanted === 'agent') return part === 'agent' || part === 'graph';
  if (wanted === 'node') return part === 'node' || part === 'step';
  return call === wanted;
}

function matches(wanted: readonly string[] | undefined, name: string): boolean {
  if (wanted === undefined) return true;
  return wanted.some((one) =>
    one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : name === one,
  );
}

function holds(check: Check, returned: Returned, deadline: number): boolean {
  const value = textUnder(check, returned);
  const text = (value ?? '').slice(0, MOST);
  if (check.is === 'present') return value !== undefined && !isBlank(text);
  if (check.is === 'missing') return value === undefined || text.trim() === 'null';
  if (check.is === 'empty') return value !== undefined && isNothing(text);
  if (value === undefined) return false;
  if (check.equals !== undefined) return value === String(check.equals);
  if (check.contains !== undefined) return text.includes(check.contains);
  if (check.matches !== undefined) return finds(check.matches, text, deadline);
  if (check.longer_than !== undefined) return value.length > check.longer_than;
  if (check.shorter_than !== undefined) return value.length < check.shorter_than;
  const number = value === '' ? Number.NaN : Number(value);
  return check.above === undefined ? number < check.below! : number > check.above;
}

function finds(pattern: RegExp, text: string, deadline: number): boolean {
  const left = Math.ceil(deadline - performance.now());
  sandbox.pattern = pattern;
  sandbox.text = text;
  return search.runInContext(sandbox, { timeout: Math.max(1, left) }) === true;
}

function textUnder({ of }: Check, returned: Returned): string | undefined {
  if (typeof of === 'object') {
    return returned.has(of.attribute) ? returned.attribute(of.attribute) : undefined;
  }
  switch (of) {
    case 'output':
      return returned.output;
    case 'input':
      return returned.input;
    case 'finish_reason':
      return returned.finishReason;
    case 'output_tokens':
      return returned.outputTokens?.toString();
    case 'duration_ms':
      return String(returned.durationMs);
  }
}

const nameOf = ({ of }: Check): string => (typeof of === 'object' ? of.attribute : of);

const EXCERPT = 200;

function excerptOf(check: Check, returned: Returned): string {
  return (textUnder(check, returned) ?? '').slice(0, EXCERPT);
}
