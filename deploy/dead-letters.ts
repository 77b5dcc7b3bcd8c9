// `faultline deadletters`: rows that ClickHouse refused, as the running collector has them.
import { type Command, Option } from 'commander';
import { manyLines, print, printJson, table } from '../query/cli/output.ts';

interface Listed {
  id: string;
  table: string;
  reason: string;
  refused_at: string;
  row: Record<string, unknown>;
}

interface CollectorOptions {
  collectorUrl: string;
  token?: string;
  json?: boolean;
}

/** Adds the verbs to the program. */
export function addDeadLetterVerbs(program: Command): void {
  const verbs = program
    .command('deadletters')
    .description('rows that ClickHouse refused: list, show, replay or drop them');

  atCollector(verbs.command('list'))
    .description('dead letters, oldest first')
    .option('--limit <n>', 'how many at the most', '100')
    .action(async (options: CollectorOptions & { limit: string }) => {
      const limit = encodeURIComponent(options.limit);
      const answer = await ask<{ items: Listed[]; total: number }>(
        options,
        'GET',
        `?limit=${limit}`,
      );
      if (options.json) return printJson(answer);
      const rows = answer.items.map(({ id, refused_at, row, ...letter }) => [
        id,
        refused_at.slice(0, 19),
        letter.table,
        String(row.agent_id ?? ''),
        letter.reason,
      ]);
      const more = answer.total - answer.items.length;
      const note = more > 0 ? `\n(and ${more} more)` : '';
      print(table(['id', 'refused', 'table', 'agent', 'reason'], rows) + note);
    });

  atCollector(verbs.command('show <id>'))
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

function change(
  verbs: Command,
  verb: string,
  description: string,
  method: string,
  path: (id: string) => string,
): void {
  atCollector(verbs.command(`${verb} [id]`))
    .description(`${description}: one, or --all`)
    .option('--all', 'all that there are')
    .action(async (id: string | undefined, options: CollectorOptions & { all?: boolean }) => {
      if ((id === undefined) === (options.all === undefined)) {
        throw new Error(`deadletters ${verb}: give one id, or --all`);
      }
      const one = id === undefined ? '' : `/${encodeURIComponent(id)}`;
      const answer = await ask<Record<string, number>>(options, method, path(one));
      if (options.json) return printJson(answer);
      print(Object.entries(answer).map(([what, count]) => `${count} ${what}`)[0]!);
    });
}

function atCollector(command: Command): Command {
  return command
    .addOption(
      new Option('--collector-url <url>', 'the collector')
        .default('http://127.0.0.1:4318')
        .env('FAULTLINE_COLLECTOR_URL'),
    )
    .addOption(
      new Option('--token <token>', 'admin token, where the collector asks for one').env(
        'FAULTLINE_TOKEN',
      ),
    )
    .option('--json', 'print JSON');
}

async function ask<T>(
  { collectorUrl, token }: CollectorOptions,
  method: string,
  path: string,
): Promise<T> {
  const url = `${collectorUrl.replace(/\/+$/, '')}/admin/deadletters${path}`;
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  const response = await fetch(url, { method, headers }).catch((error: Error) => {
    const cause = (error.cause as Error | undefined)?.message ?? error.message;
    throw new Error(`no collector answers at ${collectorUrl} (${cause}): give --collector-url`);
  });
  const body = (await response.json().catch(() => ({}))) as T & { title?: string };
  if (!response.ok) throw new Error(body.title ?? `${collectorUrl} answered ${response.status}`);
  return body;
}
