// Failures that nobody reports: built-in conditions, and those of the file of `--conditions`.
import { builtInFindings, TOOL_CALL_REPEATED } from './built-in.ts';
import { type Conditions, type Finding, type Returned, worstFirst } from './condition.ts';
import { RuleCondition, type RuleFault } from './rules.ts';
import type { ConditionsFile } from './rules-file.ts';

export type { Conditions, Finding, Returned } from './condition.ts';
export type { RuleFault } from './rules.ts';

/** Only the built-in ones. */
export const BUILT_IN_CONDITIONS: Conditions = {
  wantsModels: false,
  findsRepeatedCalls: true,
  findings: (returned) => worstFirst(builtInFindings(returned)),
};

/** @param report takes rules that could not be evaluated; such a rule rests for a minute */
export function conditionsOf(
  { off, rules }: ConditionsFile,
  report: (fault: RuleFault) => void,
): Conditions {
  const without = new Set(off);
  const own = rules.map((rule) => new RuleCondition(rule, report));
  return {
    wantsModels: rules.some(({ on }) => on.part.includes('model')),
    findsRepeatedCalls: !without.has(TOOL_CALL_REPEATED.name),
    findings: (returned: Returned): Finding[] => {
      const found = own.flatMap((rule) => rule.find(returned) ?? []);
      return worstFirst([...found, ...builtInFindings(returned, without)]);
    },
  };
}
