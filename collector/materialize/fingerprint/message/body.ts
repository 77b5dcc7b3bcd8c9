// The body of an error inside a message, as JSON, as Python or Node prints objects: what went wrong
// with which code, and nothing of the data in it. Reads leniently, each character once.

/** Stands before a code in what `content` gives; no message has it. */
export const CODE_MARK = '\ue000';
/** Parts what one key says from the next. */
export const BREAK_MARK = '\ue001';

/** Keys whose text says what went wrong. */
const MESSAGE_KEYS = new Set('message msg error detail error_description'.split(' '));
/** Keys whose value is a code. */
const CODE_KEYS = new Set(
  'code type status reason error_code error_type errorcode statuscode status_code __type'.split(
    ' ',
  ),
);
/** Keys of one finding of a validator besides its code: what was wrong with which part. */
const PATH_KEYS = new Set('path loc instancepath expected keyword'.split(' '));

const MAX_DEPTH = 12;
const MAX_PARTS = 12;
const MAX_CODE = 48;
const MAX_MESSAGE = 600;

export interface Body {
  /** The offset behind it. */
  end: number;
  /** What it says, codes behind their mark and parts between theirs; '' when it is data. */
  content: string;
}

/** The body that begins at an offset; undefined when what stands there is none. */
export function readBody(text: string, start: number): Body | undefined {
  const first = nonSpace(text, start + 1);
  const char = text[first];
  const isBody =
    text[start] === '{' ? char === '"' || char === "'" || isName(text, first) : char === '{';
  if (!isBody) return undefined;
  const reader = new BodyReader(text, start);
  reader.read();
  const isWhole = nonSpace(text, 0) === start && nonSpace(text, reader.at) === text.length;
  return { end: reader.at, content: reader.content(isWhole) };
}

/** `key:` of an object as Node prints it. */
function isName(text: string, from: number): boolean {
  let at = from;
  while (at - from < 40 && isNameChar(text.charCodeAt(at))) at++;
  return at > from && text[at] === ':' && text[at + 1] === ' ';
}

function isNameChar(code: number): boolean {
  return (code | 32) >= 0x61 && (code | 32) <= 0x7a ? true : code === 0x5f;
}

class BodyReader {
  at: number;
  readonly #text: string;
  readonly #messages: string[] = [];
  readonly #codes: string[] = [];
  readonly #paths: string[] = [];
  #hasError = false;

  constructor(text: string, start: number) {
    this.#text = text;
    this.at = start;
  }

  read(): void {
    this.#value('', 0);
  }

  /** @param isWhole whether the message is nothing but this */
  content(isWhole: boolean): string {
    const codes = [...new Set(this.#codes)];
    const isFinding = this.#paths.length > 0 && codes.length > 0;
    // Data has a message or a type now and then; a body of an error has both, or says error.
    const isError = this.#hasError || (this.#messages.length > 0 && codes.length > 0);
    if (!isFinding && !isError && !isWhole) return '';
    const paths = isFinding ? [...new Set(this.#paths)] : [];
    const marked = [...codes, ...paths].slice(0, MAX_PARTS).map((code) => CODE_MARK + code);
    const messages = isFinding ? [] : [...new Set(this.#messages)].slice(0, 2);
    return [...messages, ...marked].join(BREAK_MARK);
  }

  #value(key: string, depth: number): void {
    const text = this.#text;
    this.at = nonSpace(text, this.at);
    const char = text[this.at];
    // A key without a value: a set.
    if (char === undefined || ',}]'.includes(char)) return;
    if (char === '{' || char === '[') this.#inside(char, key, depth);
    else if (char === '"' || char === "'" || char === '`') this.#take(key, this.#string(), depth);
    else this.#take(key, this.#bare(), depth);
  }

  #inside(open: string, key: string, depth: number): void {
    const text = this.#text;
    const close = open === '{' ? '}' : ']';
    this.at++;
    if (key === 'error' || key === 'errors') this.#hasError = true;
    for (let guard = 0; guard < 4096; guard++) {
      this.at = nonSpace(text, this.at);
      const char = text[this.at];
      if (char === undefined) return;
      if (char === close) {
        this.at++;
        return;
      }
      if (char === ',' || char === '}' || char === ']') {
        this.at++;
        continue;
      }
      if (depth >= MAX_DEPTH) {
        this.at = text.length;
        return;
      }
      this.#value(open === '{' ? this.#key() : key, depth + 1);
    }
    this.at = text.length;
  }

  #key(): string {
    const text = this.#text;
    const char = text[this.at];
    const key = char === '"' || char === "'" ? this.#string() : this.#bare();
    this.at = nonSpace(text, this.at);
    if (text[this.at] === ':') this.at++;
    return key.toLowerCase();
  }

  /** A string in quotes, without escapes; to the end where it does not close. */
  #string(): string {
    const text = this.#text;
    const quote = text[this.at]!;
    const start = ++this.at;
    for (; this.at < text.length; this.at++) {
      const char = text[this.at];
      if (char === '\\') this.at++;
      else if (char === quote) break;
    }
    return text.slice(start, this.at++);
  }

  #bare(): string {
    const text = this.#text;
    const start = this.at;
    while (this.at < text.length && !',:{}[]\n"'.includes(text[this.at]!)) this.at++;
    if (this.at === start) this.at++;
    return text.slice(start, this.at).trim();
  }

  #take(key: string, value: string, depth: number): void {
    if (value === '' || value === 'null' || value === 'None') return;
    if (PATH_KEYS.has(key) || (depth > 2 && key === 'path')) {
      if (/^[A-Za-z_$][\w$.-]{0,47}$/.test(value)) this.#paths.push(value);
    } else if (CODE_KEYS.has(key)) {
      if (value.length <= MAX_CODE && /^[\w.:#@/-]+$/.test(value)) this.#codes.push(codeOf(value));
    } else if (MESSAGE_KEYS.has(key)) {
      if (key === 'error') this.#hasError = true;
      this.#messages.push(messageOf(value));
    }
  }
}

/** Without the name space before it. */
function codeOf(value: string): string {
  return value.slice(value.lastIndexOf('#') + 1);
}

/** The text, or what a body inside it says. */
function messageOf(value: string): string {
  const text = value.slice(0, MAX_MESSAGE * 4);
  const open = nonSpace(text.replaceAll('\\n', '\n'), 0);
  const plain = text.includes('\\') ? unescaped(text) : text;
  if (plain[open] === '{') {
    const inner = readBody(plain, open);
    if (inner && inner.content !== '') return inner.content;
  }
  return plain.slice(0, MAX_MESSAGE);
}

function unescaped(text: string): string {
  return text.replace(/\\(["'\\/nrt])/g, (_, char: string) =>
    char === 'n' ? '\n' : 'rt'.includes(char) ? ' ' : char,
  );
}

function nonSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charCodeAt(at) <= 0x20) at++;
  return at;
}
