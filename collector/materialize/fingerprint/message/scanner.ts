// Cuts a message into tokens in one pass, with work bounded whatever the message is.
import { BREAK_MARK, CODE_MARK } from './body.ts';
import { DIGIT, IDEOGRAPH, JOINER, kindOf, LETTER, QUOTE } from './characters.ts';
import { Chunk } from './chunk.ts';
import { isCode } from './codes.ts';
import { OPENS_NAME, OPENS_VALUE, Quotes } from './quotes.ts';
import { BREAK, CODE, MAX_CHARS, REDACTED, TEXT, type Tokens, WORD } from './tokens.ts';

/** Lines that count; blank ones do not. */
const MAX_LINES = 3;
/** Characters of what redaction leaves behind. */
const MAX_MARKER = 80;
/** Characters of an object as Python and Ruby print it. */
const MAX_OBJECT = 160;

const LINE_FEED = 0x0a;
const ANGLE = 0x3c;
const BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CODE_CHAR = CODE_MARK.charCodeAt(0);
const BREAK_CHAR = BREAK_MARK.charCodeAt(0);

const chunk = new Chunk();

/** Fills the tokens with those of a message. */
export function scan(message: string, tokens: Tokens): void {
  new Scanner(message.length > MAX_CHARS ? message.slice(0, MAX_CHARS) : message, tokens).scan();
}

class Scanner {
  readonly #text: string;
  readonly #tokens: Tokens;
  readonly #quotes: Quotes;
  #depth = 0;

  constructor(text: string, tokens: Tokens) {
    tokens.reset(text);
    this.#text = text;
    this.#tokens = tokens;
    this.#quotes = new Quotes(tokens);
  }

  scan(): void {
    const text = this.#text;
    const tokens = this.#tokens;
    let lines = 0;
    let lineStart = 0;
    for (let i = 0; i < text.length && !tokens.isFull; ) {
      const code = text.charCodeAt(i);
      const kind = kindOf(code);
      if (kind === LETTER || kind === DIGIT || kind === JOINER) i = this.#chunk(i);
      else if (kind === QUOTE) i = this.#quote(i);
      else if (kind === IDEOGRAPH) i = this.#ideographs(i);
      else if (code === BRACKET && text.startsWith('[redact', i)) i = this.#marker(i);
      else if (code === ANGLE) i = this.#object(i);
      else if (code === CODE_CHAR) i = this.#marked(i);
      else {
        this.#bracket(code);
        if (code === BREAK_CHAR) {
          tokens.add(i, i, BREAK);
          this.#depth = 0;
        }
        i++;
        if (code !== LINE_FEED || tokens.count === lineStart) continue;
        lineStart = tokens.count;
        this.#depth = 0;
        if (++lines === MAX_LINES) break;
      }
    }
  }

  #bracket(code: number): void {
    if (code === 0x28 || code === 0x5b || code === 0x7b)
      this.#depth = Math.min(this.#depth + 1, 200);
    else if (code === 0x29 || code === 0x5d || code === 0x7d)
      this.#depth = Math.max(this.#depth - 1, 0);
  }

  #chunk(from: number): number {
    const text = this.#text;
    const tokens = this.#tokens;
    const next = chunk.read(text, from);
    // A backslash that belongs to nothing escapes the next character.
    if (next === from) return text.charCodeAt(from) === BACKSLASH ? from + 2 : from + 1;
    if (chunk.end > chunk.start) {
      const kind = chunk.kind();
      const { start, end } = chunk;
      const isCodeHere = isCode(tokens, start, end, kind, this.#quotes.hasRequest);
      tokens.add(start, end, isCodeHere ? CODE : kind, this.#depth);
    }
    return next;
  }

  #quote(i: number): number {
    const kind = this.#quotes.read(i);
    const { close } = this.#quotes;
    if (kind === OPENS_NAME) this.#tokens.add(i + 1, close, CODE, this.#depth);
    else if (kind === OPENS_VALUE) this.#tokens.add(i, close + 1, TEXT, this.#depth);
    else return i + 1;
    return close + 1;
  }

  #ideographs(from: number): number {
    const text = this.#text;
    let end = from + 1;
    while (end < text.length && kindOf(text.charCodeAt(end)) === IDEOGRAPH) end++;
    this.#tokens.add(from, end, WORD, this.#depth);
    return end;
  }

  /** What redaction leaves: `[redacted:email]`, or with `~` and a digest behind it. */
  #marker(from: number): number {
    const text = this.#text;
    const close = text.indexOf(']', from);
    if (close === -1 || close - from > MAX_MARKER) return from + 1;
    const end = text[close + 1] === '~' ? close + 10 : close + 1;
    this.#tokens.add(from, end, REDACTED, this.#depth);
    return end;
  }

  /** `<class 'a.B'>`, `<a.B object at 0x7f…>`, `#<Message:0x…>`: one value. */
  #object(from: number): number {
    const text = this.#text;
    if (kindOf(text.charCodeAt(from + 1)) !== LETTER) return from + 1;
    const close = text.indexOf('>', from);
    if (close === -1 || close - from > MAX_OBJECT) return from + 1;
    this.#tokens.add(from, close + 1, TEXT, this.#depth);
    return close + 1;
  }

  /** A code that a reader found. */
  #marked(from: number): number {
    const text = this.#text;
    let end = from + 1;
    while (end < text.length && end - from < 120) {
      const code = text.charCodeAt(end);
      if (code <= 0x20 || code === BREAK_CHAR) break;
      end++;
    }
    this.#tokens.add(from + 1, end, CODE, 0);
    return end;
  }
}
