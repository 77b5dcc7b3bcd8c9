// The verb that writes the inputs that failed as JSON lines, for a replay.
import { open } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { InvalidInputError } from '../../../query/base/errors.ts';
import type { History } from '../../../query/history.ts';
import type { FailureCase } from '../../../query/questions/cases/question.ts';
import { asking, filters, type ListFlags, list, type ServiceOptions } from '../service.ts';
import { examples } from '../terminal/help.ts';
import { jsonText, print } from '../terminal/output.ts';

interface CasesFlags extends ListFlags {
  since?: string;
  out?: string;
  watch?: string | true;
}

/** Cases asked for at once. */
const PAGE = 100;

export function addCasesVerb(program: Command): void {
  examples(
    list(program, 'cases', 'the inputs on which a group failed, newest first, as JSON lines'),
    'faultline cases v1:6cb0b897b6d74af13483f2927786a906 --limit 100 --out cases.jsonl',
    'faultline cases v1:6cb0b897b6d74af13483f2927786a906 --watch 10 | ./replay.sh',
  )
    .argument('<fingerprint>', 'the group')
    .addOption(
      new Option('--out <file>', 'write them to this file, which must not be there yet').conflicts(
        'watch',
      ),
    )
    .action((fingerprint: string, options: ServiceOptions & CasesFlags) =>
      asking(options, async (history) => {
        if (options.watch !== undefined) {
          const { since, limit } = options;
          const page = async (cursor?: string) => ({
            value: await history.cases(
              fingerprint,
              filters({ since, limit, cursor: cursor ?? options.cursor }),
            ),
            text: '',
          });
          const { watch } = await import('../terminal/watch.ts');
          await watch(page, options.watch, { asJson: true });
        }
        if (options.out) await writeCases(options.out, casesOf(history, fingerprint, options));
        else for await (const one of casesOf(history, fingerprint, options)) print(jsonText(one));
      }),
    );
}

async function* casesOf(
  history: History,
  fingerprint: string,
  { since, limit, cursor: first }: CasesFlags,
): AsyncGenerator<FailureCase> {
  let left = Number(limit);
  if (!Number.isInteger(left) || left < 1) {
    throw new InvalidInputError('limit', `expected a whole number from 1 on, got ${limit}`);
  }
  for (let cursor: string | null | undefined = first; cursor !== null && left > 0; ) {
    const page = await history.cases(fingerprint, {
      limit: Math.min(PAGE, left),
      ...(since ? { since } : {}),
      ...(cursor ? { cursor } : {}),
    });
    yield* page.items;
    left -= page.items.length;
    cursor = page.next_cursor;
  }
}

async function writeCases(path: string, cases: AsyncGenerator<FailureCase>): Promise<void> {
  const first = await cases.next();
  const file = await open(path, 'wx').catch((error: Error) => {
    throw new InvalidInputError('out', `${path} cannot be written: ${error.message}`);
  });
  const { startProgress } = await import('../terminal/progress.ts');
  const progress = startProgress('cases');
  let written = 0;
  try {
    for (let item = first; !item.done; item = await cases.next()) {
      await file.write(`${jsonText(item.value)}\n`);
      written += 1;
      progress.at(written);
    }
  } finally {
    progress.end();
    await file.close();
  }
  print(`wrote ${written} ${written === 1 ? 'case' : 'cases'} to ${path}`);
}
