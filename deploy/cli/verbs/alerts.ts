// The verb that tells what was told about groups.
import { type Command, Option } from 'commander';
import { ALERT_STATUSES, type AlertStatus } from '../../../query/questions/alerts/statuses.ts';
import { answer, filters, type ListFlags, list } from '../service.ts';
import { examples } from '../terminal/help.ts';
import { table } from '../terminal/output.ts';

export function addAlertsVerb(program: Command): void {
  examples(
    list(program, 'alerts', 'what was told about groups and to whom, or waits to be, newest first'),
    'faultline alerts --since 24h --status failed',
  )
    .option('--agent <id>', 'only this agent')
    .addOption(new Option('--status <status>', 'only those').choices(ALERT_STATUSES))
    .action(
      answer(async (history, flags: ListFlags & { status?: AlertStatus }) => {
        const { status } = flags;
        const value = await history.alerts({ ...filters(flags), ...(status ? { status } : {}) });
        const rows = value.items.map((one) => [
          one.timestamp.slice(0, 19),
          one.status,
          String(one.tries),
          one.receiver,
          one.rule,
          one.change,
          one.agent_id,
          one.fingerprint,
          one.last_error,
        ]);
        const columns = [
          { name: 'found', whole: true, optional: true },
          { name: 'status', whole: true },
          { name: 'tries', optional: true },
          { name: 'to', optional: true },
          { name: 'rule', optional: true },
          'change',
          { name: 'agent', optional: true },
          { name: 'group', whole: true },
          { name: 'last error', optional: true },
        ];
        return { value, text: rows.length ? table(columns, rows) : 'no alerts' };
      }),
    );
}
