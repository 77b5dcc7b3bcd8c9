// `faultline deadletters`: rows that ClickHouse refused, as the running collector has them.

import type { Command } from 'commander';
import { InvalidInputError } from '../../../query/base/errors.ts';
import { manyLines } from '../../../query/base/text.ts';
import { askCollector, atCollector, type CollectorOptions } from '../collector.ts';
import { watched } from '../service.ts';
import { examples } from '../terminal/help.ts';
import { print, printJson, table } from '../terminal/output.ts';
import type { Shown } from '../terminal/watch.ts';

interface Listed {
  id: string;
  table: string;
  reason: string;
  refused_at: string;
  row: Record<string, unknown>;
}

const ask = <T>(options: CollectorOptions, method: string, path: string): Promise<T> =>
  askCollector(options, method, `/admin/deadletters${path}`);

/** Adds the verbs to the program. */
export function addDeadLetterVerbs(program: Command): void {
  const verbs = program
    .command('deadletters')
    .description('rows that ClickHouse refused: list, show, replay or drop them');

  examples(
    watched(atCollector(verbs.command('list'))),
    'faultline deadletters list --limit 1000',
    'faultline deadletters list --watch',
  )
    .description('dead letters, oldest first')
    .option('--limit <n>', 'how many at most', '100')
    .action(async (options: CollectorOptions & { limit: string; watch?: string | true }) => {
      if (options.watch !== undefined) {
        const { watch } = await import('../terminal/watch.ts');
        const how = { asJson: options.json, oldestFirst: true };
        await watch(() => listed(options), options.watch, how);
      }
      const { value, text } = await listed(options);
      if (options.json) printJson(value);
      else print(text);
    });

  examples(atCollector(verbs.command('show <id>')), 'faultline deadletters show 00000000000003e8')
    .description('one dead letter with its row')
    .action(async (id: string, options: CollectorOptions) => {
      const letter = await ask<Listed>(options, 'GET', `/${encodeURIComponent(id)}`);
      if (options.json) return printJson(letter);
      const { row, ...about } = letter;
      const head = Object.entries(about).map(([name, value]) => `${name.padEnd(12)}${value}`);
      print(manyLines([...head, '', JSON.stringify(row, null, 2)].join('\n')));
    });

  change(verbs, 'replay', 'send to ClickHouse again', 'POST', (id) => `${id}/replay`);
  change(verbs, 'drop', 'delete for good', 'DELETE', (id) => id);
}

async function listed(options: CollectorOptions & { limit: string }): Promise<Shown> {
  const limit = encodeURIComponent(options.limit);
  const value = await ask<{ items: Listed[]; total: number }>(options, 'GET', `?limit=${limit}`);
  const rows = value.items.map(({ id, refused_at, row, ...letter }) => [
    id,
    refused_at.slice(0, 19),
    letter.table,
    String(row.agent_id ?? ''),
    letter.reason,
  ]);
  const more = value.total - value.items.length;
  const note = more > 0 ? `\n(and ${more} more)` : '';
  const columns = [
    { name: 'id', whole: true },
    { name: 'refused', whole: true, optional: true },
    { name: 'table', optional: true },
    { name: 'agent', optional: true },
    'reason',
  ];
  return { value, text: table(columns, rows) + note };
}

function change(
  verbs: Command,
  verb: string,
  description: string,
  method: string,
  path: (id: string) => string,
): void {
  examples(
    atCollector(verbs.command(`${verb} [id]`)),
    `faultline deadletters ${verb} 00000000000003e8`,
    `faultline deadletters ${verb} --all`,
  )
    .description(`${description}: one, or --all`)
    .option('--all', 'all that there are')
    .action(async (id: string | undefined, options: CollectorOptions & { all?: boolean }) => {
      if ((id === undefined) === (options.all === undefined)) {
        throw new InvalidInputError('id', `deadletters ${verb}: give one id, or --all`);
      }
      const one = id === undefined ? '' : `/${encodeURIComponent(id)}`;
      const answer =
        verb === 'replay' && id === undefined
          ? await replayAll(options)
          : await ask<Record<string, number>>(options, method, path(one));
      if (options.json) return printJson(answer);
      print(Object.entries(answer).map(([what, count]) => `${count} ${what}`)[0]!);
    });
}

/** Rows that are replayed by one request. */
const AT_ONCE = 1000;

/** Replays as many as there are now: those that are refused again come after them. */
async function replayAll(options: CollectorOptions): Promise<{ replayed: number }> {
  const { total } = await ask<{ total: number }>(options, 'GET', '?limit=1');
  const { startProgress } = await import('../terminal/progress.ts');
  const progress = startProgress('replaying');
  let done = 0;
  try {
    while (done < total) {
      const path = `/replay?limit=${Math.min(AT_ONCE, total - done)}`;
      const { replayed } = await ask<{ replayed: number }>(options, 'POST', path);
      if (replayed === 0) break;
      done += replayed;
      progress.at(done, total);
    }
  } finally {
    progress.end();
  }
  return { replayed: done };
}
