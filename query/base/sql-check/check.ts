/**
 * What a statement that somebody else wrote may say: one SELECT (or SHOW, DESCRIBE, EXISTS, EXPLAIN of a SELECT) that
 * computes and reads tables.
 *
 * Grants and read-only users are no boundary by themselves. ClickHouse applies SETTINGS of a subquery whatever the user may
 * set, and by these `formatRow` and the like read and write files; some functions read files without any right. So the
 * statement is looked at as ClickHouse's own parser writes it again (`formatQuerySingleLine`: one statement, no comments, one
 * way of quoting, functions in their plain form), and it is that text which is run.
 */
import { InvalidInputError } from '../errors.ts';
import { ALLOWED_FUNCTIONS, ALLOWED_TABLE_FUNCTIONS, COMBINATORS } from './allowed-functions.ts';
import { type Token, tokens } from './tokens.ts';

const READING = new Set(['SELECT', 'WITH', '(', 'SHOW', 'DESCRIBE', 'DESC', 'EXISTS', 'EXPLAIN']);
/** What an EXPLAIN may have before its SELECT, besides settings of its own such as `header = 1`. */
const EXPLAINED = new Set(['AST', 'SYNTAX', 'QUERY', 'TREE', 'PLAN', 'PIPELINE', 'ESTIMATE']);
/** Refused as words, but not as part of a name behind a dot. */
const CLAUSES = new Set(['SETTINGS', 'FORMAT', 'INTO', 'OUTFILE', 'INFILE']);
/** Words of the language that may stand before a parenthesis. */
const WORDS = new Set(
  `ALL AND ANY APPLY AS BETWEEN BY COLUMNS CUBE DESCRIBE DISTINCT ELSE EXCEPT EXISTS FROM HAVING ILIKE IN INTERPOLATE
   INTERSECT IS JOIN LIKE LIMIT NOT OFFSET ON OR OVER PREWHERE QUALIFY ROLLUP SELECT SETS SOME TABLE THEN UNION USING WHEN
   WHERE WITH ${[...EXPLAINED].join(' ')}`.split(/\s+/),
);

/** Names of functions of a server. */
export interface KnownFunctions {
  /** All, in lower case. */
  all: ReadonlySet<string>;
  /** Those that somebody added to ClickHouse's own, in lower case. */
  added: ReadonlySet<string>;
}

/**
 * @param canonical the statement as `formatQuerySingleLine` gives it
 * @param params values for its placeholders; an `Identifier` among them could name a function
 * @throws {InvalidInputError} that names what is refused
 */
export function checkStatement(
  canonical: string,
  params: Readonly<Record<string, unknown>>,
  known: KnownFunctions,
): void {
  const all = [...tokens(canonical)];
  checkKind(all);
  for (const [index, token] of all.entries()) {
    if (token.kind === 'word' && CLAUSES.has(token.text.toUpperCase())) {
      if (all[index - 1]?.text !== '.') throw refused(`the word ${token.text}`);
    }
    if (token.kind !== 'word' && token.kind !== 'name') continue;
    if (isOfPlaceholder(all, index)) continue;
    if (isPunctuation(all[index + 1], '(')) checkCall(token, known);
    else checkName(token.text, known);
  }
  if (/:\s*Identifier\s*\}/.test(canonical)) {
    for (const value of Object.values(params)) {
      for (const { text } of tokens(String(value))) checkName(text, known);
    }
  }
}

function checkKind(all: readonly Token[]): void {
  const first = all[0]?.text.toUpperCase() ?? '';
  if (!READING.has(first)) throw refused(`a statement that begins with ${first || 'nothing'}`);
  if (first !== 'EXPLAIN') return;
  const start = all.findIndex(
    ({ kind, text }) => kind !== 'name' && ['SELECT', 'WITH', '('].includes(text.toUpperCase()),
  );
  const between = all.slice(1, start < 0 ? undefined : start);
  const isPlain = between.every(({ kind, text }, index) => {
    if (kind === 'number' || text === '=' || text === ',') return true;
    const isSetting = isPunctuation(between[index + 1], '=');
    return kind === 'word' && (isSetting || EXPLAINED.has(text.toUpperCase()));
  });
  if (start < 0 || !isPlain) throw refused('an EXPLAIN of something else than SELECT');
}

function checkCall({ kind, text }: Token, known: KnownFunctions): void {
  if (kind === 'word' && WORDS.has(text.toUpperCase())) return;
  const name = text.toLowerCase();
  if (known.added.has(name) || !(isAllowed(name) || ALLOWED_TABLE_FUNCTIONS.has(name))) {
    throw refused(`the function ${text}`);
  }
}

/** Functions can be named without being called, as in `APPLY file` and `arrayMap(file, …)`. */
function checkName(text: string, known: KnownFunctions): void {
  const name = text.toLowerCase();
  if (known.added.has(name) || (known.all.has(name) && !isAllowed(name))) {
    throw refused(`the function ${text}, also as the name of a column or an alias,`);
  }
}

function isAllowed(name: string): boolean {
  if (ALLOWED_FUNCTIONS.has(name)) return true;
  const base = name.replace(COMBINATORS, '');
  return base !== name && base !== '' && isAllowed(base);
}

/** Within `{name:Type}`. */
function isOfPlaceholder(all: readonly Token[], index: number): boolean {
  for (let at = index; at >= 0; at -= 1) {
    if (isPunctuation(all[at], '}')) return false;
    if (isPunctuation(all[at], '{'))
      return all[at + 1]?.kind === 'word' && isPunctuation(all[at + 2], ':');
  }
  return false;
}

function isPunctuation(token: Token | undefined, text: string): boolean {
  return token?.kind === 'punctuation' && token.text === text;
}

function refused(what: string): InvalidInputError {
  return new InvalidInputError(
    'sql',
    `${what} is not allowed: a statement reads tables, without SETTINGS, FORMAT, files or other servers`,
  );
}
