// Ids by any prefix that is unique, as they are printed.
import { z } from 'zod';
import { InvalidInputError, NotFoundError } from './errors.ts';
import type { Store } from './store.ts';

/** What an id is one of. */
export type IdKind = 'group' | 'failure' | 'version' | 'evolution' | 'run' | 'batch';

const HEX = '[0-9a-f]';
const kinds = {
  group: { whole: /^v\d+:[0-9a-f]{32}$/, statement: 'groups_by_prefix' },
  failure: {
    whole: new RegExp(`^${HEX}{8}(-${HEX}{4}){3}-${HEX}{12}$`, 'i'),
    statement: 'failures_by_prefix',
  },
  version: { whole: /^sha256:[0-9a-f]{64}$/, statement: 'versions_by_prefix' },
  batch: {
    whole: new RegExp(`^${HEX}{8}(-${HEX}{4}){3}-${HEX}{12}$`, 'i'),
    statement: 'batches_by_prefix',
  },
  // Any text may be one of these, so it is always looked up.
  evolution: { whole: /^(?!)/, statement: 'evolutions_by_prefix' },
  run: { whole: /^(?!)/, statement: 'runs_by_prefix' },
} as const;

const FEWEST = 4;
const SHOWN = 10;
const found = z.object({ id: z.string() });

/** What a text has to look like to be an id or the start of one, a mark of what was cut aside. */
const start = (form: RegExp, expected: string) =>
  z
    .string()
    .transform((text) => text.replace(/(…|\*|\.{3})$/, ''))
    .pipe(
      z.string().regex(form, {
        error: ({ input }) =>
          `expected ${expected}, got ${JSON.stringify(String(input).slice(0, 100))}`,
      }),
    );

export const fingerprint = start(
  new RegExp(`^(v\\d+:)?${HEX}{${FEWEST},32}$`),
  `a fingerprint as in v1:0f34…, or at least ${FEWEST} of its hex digits`,
);
export const snapshotRef = start(
  new RegExp(`^(sha256:)?${HEX}{${FEWEST},64}$`),
  `sha256: and 64 lower-case hex digits, or at least the first ${FEWEST}`,
);
export const failureId = start(
  new RegExp(`^${HEX}{${FEWEST},8}$|^${HEX}{8}-[0-9a-f-]{0,27}$`, 'i'),
  `a UUID, or at least its first ${FEWEST} digits`,
);

/**
 * The whole id that starts with a text, or is the text.
 *
 * @throws {InvalidInputError} when several start with it: it names them
 * @throws {NotFoundError} when none does
 */
async function wholeId(store: Store, field: string, kind: IdKind, text: string): Promise<string> {
  const { whole, statement } = kinds[kind];
  if (whole.test(text)) return text;
  const isUuid = kind === 'failure' || kind === 'batch';
  const prefix = isUuid ? text.toLowerCase() : text;
  const rows = await store.rows(statement, { prefix, most: SHOWN + 1 }, found);
  const ids = rows.map(({ id }) => id);
  if (ids.includes(text)) return text;
  if (ids.length === 0) throw new NotFoundError(field, text);
  if (ids.length > 1) {
    const more = ids.length > SHOWN ? ' and more' : '';
    throw new InvalidInputError(
      field,
      `${JSON.stringify(text.slice(0, 100))} is the start of several: ${ids.slice(0, SHOWN).join(', ')}${more}`,
    );
  }
  return ids[0]!;
}

/** The fields with their ids completed; fields without a value are left as they are. */
export async function completeIds(
  ids: Readonly<Record<string, IdKind>>,
  fields: Record<string, unknown>,
  store: Store,
): Promise<Record<string, unknown>> {
  const completed = await Promise.all(
    Object.entries(ids).map(async ([field, kind]): Promise<[string, unknown][]> => {
      const value = fields[field];
      if (typeof value === 'string') return [[field, await wholeId(store, field, kind, value)]];
      if (!Array.isArray(value)) return [];
      const each = value.map((item) => wholeId(store, field, kind, String(item)));
      return [[field, await Promise.all(each)]];
    }),
  );
  return { ...fields, ...Object.fromEntries(completed.flat()) };
}
