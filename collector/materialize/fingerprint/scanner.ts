// Cuts a message into tokens in one pass, with work bounded whatever the message is.
import { DIGIT, IDEOGRAPH, JOINER, kindOf, LETTER, QUOTE } from './characters.ts';
import { Chunk } from './chunk.ts';
import { OPENS_VALUE, Quotes } from './quotes.ts';
import { ID, MAX_CHARS, NUM, REDACTED, TEXT, type Tokens, WORD } from './tokens.ts';
import { ERROR_WORDS, STATUS_WORDS } from './vocabulary.ts';

/** Lines that count; blank ones do not. */
const MAX_LINES = 3;
/** Characters of what redaction leaves behind. */
const MAX_MARKER = 80;

const LINE_FEED = 0x0a;
const BRACKET = 0x5b;
const BACKSLASH = 0x5c;

const chunk = new Chunk();

/** Fills the tokens with those of a message. */
export function scan(message: string, tokens: Tokens): void {
  const text = message.length > MAX_CHARS ? message.slice(0, MAX_CHARS) : message;
  tokens.reset(text);
  const quotes = new Quotes(tokens);
  let lines = 0;
  let lineStart = 0;
  for (let i = 0; i < text.length && !tokens.isFull; ) {
    const code = text.charCodeAt(i);
    const kind = kindOf(code);
    if (kind === LETTER || kind === DIGIT || kind === JOINER) i = scanChunk(i, tokens, quotes);
    else if (kind === QUOTE) i = scanQuote(i, tokens, quotes);
    else if (kind === IDEOGRAPH) i = scanIdeographs(i, tokens);
    else if (code === BRACKET && text.startsWith('[redact', i)) i = scanMarker(i, tokens);
    else {
      i++;
      if (code !== LINE_FEED || tokens.count === lineStart) continue;
      lineStart = tokens.count;
      if (++lines === MAX_LINES) break;
    }
  }
}

function scanChunk(from: number, tokens: Tokens, quotes: Quotes): number {
  const next = chunk.read(tokens.text, from);
  // A backslash that belongs to nothing escapes the next character.
  if (next === from) return tokens.text.charCodeAt(from) === BACKSLASH ? from + 2 : from + 1;
  if (chunk.end > chunk.start) {
    const kind = chunk.kind();
    const tells =
      (kind === NUM && !quotes.hasRequest && isErrorStatus(tokens)) ||
      ((kind === ID || kind === NUM) && isErrorCode(tokens));
    tokens.add(chunk.start, chunk.end, tells ? WORD : kind);
  }
  return next;
}

/** Characters of an error's code. */
const MAX_CODE = 12;
const ERROR_CODE = /^[A-Z]{1,10}[-_]?\d{1,6}$/;

/** Whether the chunk is the code of an error, such as E1001 behind "error code". */
function isErrorCode(tokens: Tokens): boolean {
  const first = tokens.text.charCodeAt(chunk.start);
  if (first < 0x41 || first > 0x5a || chunk.end - chunk.start > MAX_CODE) return false;
  const before = tokens.at(tokens.count - 1).toLowerCase();
  const isNamed =
    ERROR_WORDS.has(before) ||
    (before === 'code' && ERROR_WORDS.has(tokens.at(tokens.count - 2).toLowerCase()));
  return isNamed && ERROR_CODE.test(tokens.text.slice(chunk.start, chunk.end));
}

/** Whether the chunk is an HTTP status that tells an error: the one number that is no value. */
function isErrorStatus(tokens: Tokens): boolean {
  if (chunk.end - chunk.start !== 3) return false;
  const first = tokens.text[chunk.start];
  if (first !== '4' && first !== '5') return false;
  const before = tokens.at(tokens.count - 1).toLowerCase();
  if (before === '' || STATUS_WORDS.has(before)) return true;
  return before.endsWith('error') || before.startsWith('http/');
}

function scanQuote(i: number, tokens: Tokens, quotes: Quotes): number {
  if (quotes.read(i) !== OPENS_VALUE) return i + 1;
  tokens.add(i, quotes.close + 1, TEXT);
  return quotes.close + 1;
}

function scanIdeographs(from: number, tokens: Tokens): number {
  let end = from + 1;
  while (end < tokens.text.length && kindOf(tokens.text.charCodeAt(end)) === IDEOGRAPH) end++;
  tokens.add(from, end, WORD);
  return end;
}

/** What redaction leaves: `[redacted:email]`, or with `~` and a digest behind it. */
function scanMarker(from: number, tokens: Tokens): number {
  const { text } = tokens;
  const close = text.indexOf(']', from);
  if (close === -1 || close - from > MAX_MARKER) return from + 1;
  const end = text[close + 1] === '~' ? close + 10 : close + 1;
  tokens.add(from, end, REDACTED);
  return end;
}
