// `faultline alerts test`: whether each receiver takes an alert.
import type { Command } from 'commander';
import type { Receiver } from '../../../query/alerts/rules.ts';
import type { Outgoing } from '../../../query/alerts/send.ts';
import { examples } from '../terminal/help.ts';
import { print, printJson, table } from '../terminal/output.ts';

interface Tried {
  receiver: string;
  ok: boolean;
  /** Why it failed; '' when it did not. */
  reason: string;
}

/** Adds the verb beside the list of alerts. */
export function addAlertTestVerb(program: Command): void {
  const alerts = program.commands.find((command) => command.name() === 'alerts')!;
  examples(alerts.command('test'), 'faultline alerts test --alerts alerts.json')
    .description('sends a test alert to each receiver of the rules; fails if one does not take it')
    .option('--alerts <file>', 'the rules [FAULTLINE_ALERTS]')
    .action(async (_options, command: Command) => {
      const { alerts: file, json } = command.optsWithGlobals<{ alerts?: string; json?: boolean }>();
      const path = file ?? process.env.FAULTLINE_ALERTS;
      if (!path) throw new Error('alerts test: give the rules with --alerts');
      const { readAlertRules } = await import('../../../query/alerts/rules.ts');
      const { receivers } = readAlertRules(path);
      const items = await Promise.all([...receivers].map(([name, how]) => tryOne(name, how)));
      if (json) printJson({ items });
      else {
        const rows = items.map(({ receiver, ok, reason }) => [receiver, ok ? 'took it' : reason]);
        print(table(['receiver', 'what it did'], rows));
      }
      if (items.some(({ ok }) => !ok)) process.exitCode = 1;
    });
}

async function tryOne(receiver: string, how: Receiver): Promise<Tried> {
  const { send } = await import('../../../query/alerts/send.ts');
  const never = new AbortController();
  try {
    for (const outgoing of testsFor(how)) await send(how, outgoing, never.signal);
    return { receiver, ok: true, reason: '' };
  } catch (error) {
    return { receiver, ok: false, reason: (error as Error).message };
  }
}

/** One for each Queen, otherwise one. */
function testsFor(how: Receiver): Outgoing[] {
  const id = `test_${crypto.randomUUID()}`;
  if (how.type === 'hive') {
    const text = `[FAILURE_ALERT] ${id}: a test, nothing has changed.\n`;
    return Object.keys(how.sessions).map((agent_id) => ({ id, agent_id, payload: text }));
  }
  const payload = JSON.stringify({
    id,
    type: 'test',
    timestamp: new Date().toISOString(),
    data: {},
  });
  return [{ id, agent_id: '', payload }];
}
