/** Tokens of ClickHouse SQL, enough to distinguish words from strings, quoted names and comments. */

export interface Token {
  kind: 'word' | 'name' | 'string' | 'number' | 'punctuation';
  /** A word or punctuation as written; a quoted name without its quotes, escapes resolved. */
  text: string;
  start: number;
  end: number;
}

const SKIP = /(?:\s+|--[^\n]*|#[ !][^\n]*|\/\*[\s\S]*?(?:\*\/|$))*/y;
const WORD = /[\p{L}_$][\p{L}\p{N}_$]*/uy;
const NUMBER = /[0-9][0-9A-Za-z_.]*/y;

/**
 * Yields the tokens of `sql` from `start` on, comments and space left out.
 * An unterminated string or name runs to the end of the text.
 */
export function* tokens(sql: string, start = 0): Generator<Token> {
  let at = start;
  while (true) {
    SKIP.lastIndex = at;
    SKIP.exec(sql);
    at = Math.max(at, SKIP.lastIndex);
    const first = sql[at];
    if (first === undefined) return;
    const from = at;
    if (first === "'" || first === '`' || first === '"') {
      at = closingQuote(sql, at);
      const inside = sql.slice(from + 1, at - 1);
      yield {
        kind: first === "'" ? 'string' : 'name',
        text: plain(inside, first),
        start: from,
        end: at,
      };
      continue;
    }
    const [kind, length] = plainToken(sql, at);
    at += length;
    yield { kind, text: sql.slice(from, at), start: from, end: at };
  }
}

/** The kind of an unquoted token, and how long it is. */
function plainToken(sql: string, at: number): ['word' | 'number' | 'punctuation', number] {
  WORD.lastIndex = at;
  const word = WORD.exec(sql);
  if (word) return ['word', word[0].length];
  NUMBER.lastIndex = at;
  const number = NUMBER.exec(sql);
  return number ? ['number', number[0].length] : ['punctuation', 1];
}

/** Index behind the quote that closes the one at `start`; a backslash or a doubled quote escapes. */
function closingQuote(sql: string, start: number): number {
  const quote = sql[start];
  let at = start + 1;
  while (at < sql.length) {
    if (sql[at] === '\\') at += 2;
    else if (sql[at] !== quote) at += 1;
    else if (sql[at + 1] === quote) at += 2;
    else return at + 1;
  }
  return sql.length + 1;
}

function plain(inside: string, quote: string): string {
  return inside
    .replaceAll(quote + quote, quote)
    .replace(/\\x([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
    .replace(/\\(.)/gs, '$1');
}
