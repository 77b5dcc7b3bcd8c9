/** A day until now, in Unix seconds. */
const range = () => ({
  from: Math.floor(Date.now() / 1000) - 86_400,
  to: Math.ceil(Date.now() / 1000),
});

/**
 * What the plugin makes of its macros and Grafana of variables, for a range of a day in steps of a
 * minute; throws for one that is not known here.
 * @param agents the chosen ones; none = All
 */
export function expanded(sql: string, agents: string[]): string {
  const { from, to } = range();
  const chosen = agents.map((agent) => `'${agent.replaceAll("'", "\\'")}'`).join(',');
  const text = sql
    .replace(/\$__conditionalAll\((.*?), \$agent\)/g, (_all, condition: string) =>
      agents.length === 0 ? '1=1' : condition,
    )
    .replace(/\$\{agent:singlequote\}/g, () => chosen)
    .replace(/\$__timeFilter\((\w+)\)/g, `$1 >= toDateTime(${from}) AND $1 <= toDateTime(${to})`)
    .replace(/\$__timeInterval\((\w+)\)/g, 'toStartOfInterval(toDateTime($1), INTERVAL 60 second)');
  if (text.includes('$')) throw new Error(`not expanded: ${text}`);
  return text;
}
