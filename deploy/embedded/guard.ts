/**
 * What the read-only user may ask.
 *
 * A connection opened with `readonly=1` is not a boundary by itself in chDB 26.7: `INTO OUTFILE`
 * writes, `SELECT file('/etc/passwd')` (also as `APPLY(file)` and `arrayMap(file, …)`) reads,
 * `DESCRIBE url(…)` and `DESCRIBE mysql(…)` go out to the network, `KILL QUERY`, `SYSTEM STOP
 * MERGES` and `UNDROP` run. So the statement is looked at as well, in the canonical form that the
 * engine's own parser gives it (no comments, one way of quoting), and refused by kind and by name.
 */
import { ClickHouseException, ErrorCode } from './exception.ts';
import { type Token, tokens } from './lexer.ts';

const READING = new Set(['SELECT', 'WITH', '(', 'SHOW', 'DESCRIBE', 'DESC', 'EXISTS', 'EXPLAIN']);

/** Table functions that only make rows up or read tables which the reader may read anyway. */
const HARMLESS_TABLE_FUNCTIONS = new Set(
  `format fuzzjson fuzzquery generaterandom generateseries generate_series mergetreeanalyzeindexes
   mergetreeanalyzeindexesuuid mergetreeindex mergetreeprojection mergetreetextindex merge null
   numbers numbers_mt primes sqlstandardvalues values view viewexplain viewifpermitted zeros
   zeros_mt`.split(/\s+/),
);

/** Functions that reach outside the tables: refused wherever the bare name stands. */
const UNSAFE_FUNCTION = /^(?:file|catboostEvaluate|showCertificate)$/i;

/** @param tableFunctions names of `system.table_functions` of this engine. */
export function makeReaderGuard(tableFunctions: readonly string[]) {
  const refusedTables = new Set(
    tableFunctions
      .map((name) => name.toLowerCase())
      .filter((name) => !HARMLESS_TABLE_FUNCTIONS.has(name)),
  );

  /**
   * Throws unless the statement only reads tables.
   *
   * @param canonical the statement as `formatQuerySingleLine` gives it.
   * @param params values for its placeholders; an `Identifier` among them may name a function.
   * @throws ClickHouseException 164 READONLY, 358 INTO_OUTFILE_NOT_ALLOWED or 497 ACCESS_DENIED.
   */
  return function checkReader(canonical: string, params: Readonly<Record<string, string>>): void {
    const all = [...tokens(canonical)];
    if (!READING.has(all[0]?.text.toUpperCase() ?? '')) {
      throw new ClickHouseException(
        ErrorCode.READONLY,
        'Cannot execute query in readonly mode: this user may only read tables.',
      );
    }
    refuseOutfile(all);
    for (const [index, token] of all.entries()) {
      if (token.kind !== 'word' && token.kind !== 'name') continue;
      const name = token.text.toLowerCase();
      const called = all[index + 1]?.text === '(' && all[index + 1]?.kind === 'punctuation';
      if (called && refusedTables.has(name)) throw denied(token.text);
      if (UNSAFE_FUNCTION.test(token.text)) throw denied(token.text);
    }
    if (/:\s*Identifier\s*\}/.test(canonical)) {
      for (const value of Object.values(params)) {
        for (const token of tokens(value))
          if (UNSAFE_FUNCTION.test(token.text)) throw denied(value);
      }
    }
  };
}

/** No client may have the engine write or read files of this machine: as on a server. */
export function refuseFiles(canonical: string): void {
  if (/outfile|infile/i.test(canonical)) refuseOutfile([...tokens(canonical)]);
}

function refuseOutfile(all: readonly Token[]): void {
  for (const [index, token] of all.entries()) {
    if (token.kind !== 'word' || !/^(?:out|in)file$/i.test(token.text)) continue;
    const before = all[index - 1];
    if (before?.kind === 'word' && /^(?:into|from)$/i.test(before.text)) {
      throw new ClickHouseException(
        ErrorCode.INTO_OUTFILE_NOT_ALLOWED,
        `${before.text.toUpperCase()} ${token.text.toUpperCase()} is not allowed.`,
      );
    }
  }
}

function denied(name: string): ClickHouseException {
  return new ClickHouseException(
    ErrorCode.ACCESS_DENIED,
    `Not enough privileges: '${name}' can reach outside the tables and is refused for this user ` +
      '(also as the name of a column or an alias).',
  );
}
