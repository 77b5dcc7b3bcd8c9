// The verb that writes the inputs that failed as JSON lines, for a replay.
import { open } from 'node:fs/promises';
import type { Command } from 'commander';
import type { FailureCase } from '../cases/schemas.ts';
import { InvalidInputError } from '../errors.ts';
import type { History } from '../history.ts';
import { print } from './output.ts';
import { asking, list, type ServiceOptions } from './service.ts';

interface CasesFlags {
  since?: string;
  limit: string;
  out?: string;
}

/** Cases asked for at once. */
const PAGE = 100;

export function addCasesVerb(program: Command): void {
  list(program, 'cases', 'the inputs on which a group failed, newest first, as JSON lines')
    .argument('<fingerprint>', 'the group')
    .option('--out <file>', 'write them to this file, which must not be there yet')
    .action((fingerprint: string, options: ServiceOptions & CasesFlags) =>
      asking(options, async (history) => {
        if (options.out) await writeCases(options.out, casesOf(history, fingerprint, options));
        else for await (const one of casesOf(history, fingerprint, options)) print(line(one));
      }),
    );
}

async function* casesOf(
  history: History,
  fingerprint: string,
  { since, limit }: CasesFlags,
): AsyncGenerator<FailureCase> {
  let left = Number(limit);
  if (!Number.isInteger(left) || left < 1) {
    throw new InvalidInputError('limit', `expected a whole number from 1 on, got ${limit}`);
  }
  for (let cursor: string | null | undefined; cursor !== null && left > 0; ) {
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
  let written = 0;
  try {
    for (let item = first; !item.done; item = await cases.next()) {
      await file.write(`${line(item.value)}\n`);
      written += 1;
    }
  } finally {
    await file.close();
  }
  print(`wrote ${written} ${written === 1 ? 'case' : 'cases'} to ${path}`);
}

// What a terminal acts on or does not show; as JSON escapes the text stays the same.
const invisible = /[\u007f-\u009f\p{Cf}\u2028\u2029]/gu;

const line = (one: FailureCase): string =>
  JSON.stringify(one).replace(invisible, (character) =>
    Array.from(
      { length: character.length },
      (_, unit) => `\\u${character.charCodeAt(unit).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
