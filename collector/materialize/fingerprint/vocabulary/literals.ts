// The text of string literals in the arguments of `raise X(...)` and `new XError(...)`, without what is
// interpolated into them.

const PYTHON_RAISE = /\braise\s+[\w.]+\(/g;
const SCRIPT_THROW = /\b(?:new\s+)?[A-Z$_][\w$.]*(?:Error|Exception)\(|\bthrow\s+[\w$.]+\(/g;
/** Characters of the arguments that are looked at. */
const MAX_ARGUMENTS = 600;
const LITERAL = /(?<![\w$])[rbfu]{0,2}("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)/g;

export function literalsOf(source: string, isPython: boolean): string[] {
  const found: string[] = [];
  for (const { index, 0: head } of source.matchAll(isPython ? PYTHON_RAISE : SCRIPT_THROW)) {
    const start = index + head.length;
    const call = callOf(source.slice(start, start + MAX_ARGUMENTS));
    for (const [, literal = ''] of call.matchAll(LITERAL)) {
      const text = literal
        .slice(1, -1)
        .replace(/\$?\{[^{}]*\}/g, ' \u0000 ')
        .replace(/%[-+ 0-9.]*[sdrifxg]/g, ' \u0000 ')
        .replace(/\\[nrt]/g, ' ');
      if (/[a-z]{2}/i.test(text)) found.push(text);
    }
  }
  return found;
}

/** The arguments up to the parenthesis that closes the call. */
function callOf(text: string): string {
  let depth = 1;
  let quote = '';
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (quote !== '') {
      if (char === '\\') i++;
      else if (char === quote) quote = '';
    } else if (char === '"' || char === "'" || char === '`') quote = char;
    else if ('([{'.includes(char)) depth++;
    else if (')]}'.includes(char) && --depth === 0) return text.slice(0, i);
  }
  return text;
}
