// A secret that stands behind its name with no separator that says so: the next element of a pair, an
// argument of a command line, the content of an XML element, the next word of a sentence.
import { ALNUM, DIGIT, hasAny, isAt, LETTER, NAME, runEnd, WORD } from './characters.ts';
import { endOfBare, quoteAt, quotedValue } from './fields.ts';
import { looksSecret, type SecretName, secretName } from './keys.ts';
import { type Match, markEnd } from './match.ts';
import { keyBefore } from './names.ts';
import { RULES } from './rules.generated.ts';
import { isOpaque } from './tokens.ts';

const LEAST_OPAQUE = 6;

/** `'X-Api-Key', '…'`: the text in quotes behind the comma at `index`. */
export function nextElement(text: string, index: number): Match | undefined {
  let start = index + 1;
  while (start < index + 4 && text[start] === ' ') start++;
  if ('bu'.includes(text[start] ?? ' ') && quoteAt(text, start + 1)) start++;
  const quote = quoteAt(text, start);
  const name = quote && keyBefore(text, index);
  if (quote === undefined || name?.quote === undefined) return undefined;
  const found = quotedValue(text, start, quote, name);
  if (found === undefined || !isElement(text, found, name)) return undefined;
  // A key of the next member, not a value.
  const behind = found.end + quote.text.length;
  return text[behind] === ':' ? undefined : found;
}

function isElement(text: string, { start, end }: Match, { least }: SecretName): boolean {
  return least > 0 || (end - start >= LEAST_OPAQUE && isOpaque(text, start, end));
}

const NAME_OR_OPTION = /^-{0,2}[\w.-]{1,64}:?$/;

/**
 * The kind of secret that a text is because of the one before it in a list: a name, or an option of a
 * command. '' if it is none.
 * @param command the first two of the list
 */
export function kindAfter(before: string, text: string, command: string): string {
  if (!NAME_OR_OPTION.test(before) || text.length < 4 || markEnd(text, 0) === text.length)
    return '';
  const [first = ''] = command.split(' ', 1);
  const isOneOf = (commands: ReadonlySet<string>) => commands.has(first) || commands.has(command);
  if (before === '-p' && isOneOf(PASSWORD_COMMANDS)) return 'password';
  if (AUTH_FLAGS.has(before) && isOneOf(AUTH_COMMANDS)) return 'password';
  if (USER_FLAGS.has(before) && isOneOf(USER_COMMANDS) && text.includes(':')) return 'password';
  const name = secretName(before.replace(/^--?/, '').replace(/:$/, ''));
  if (name === undefined) return '';
  const isSecret =
    name.least > 0
      ? looksSecret(text, 0, text.length, name.least)
      : text.length >= LEAST_OPAQUE && isOpaque(text, 0, text.length) && !/\s/.test(text);
  return isSecret ? name.kind : '';
}

/** Whether an element is an option with its password in one, `-p…`, of a command that takes it so. */
export function isPasswordOption(text: string, list: readonly unknown[]): boolean {
  const found = /^-p(?=.*\d)[^\s=:[]{4,}$/.test(text);
  return found && PASSWORD_COMMANDS.has(String(list[0])) && markEnd(text, 2) < 0;
}

/** Whether an element of a list may make a secret of the next one. */
export function namesNext(element: unknown): boolean {
  if (typeof element !== 'string' || !NAME_OR_OPTION.test(element)) return false;
  if (element === '-p' || USER_FLAGS.has(element) || AUTH_FLAGS.has(element)) return true;
  // Its password may stand in the same element as its option.
  if (PASSWORD_COMMANDS.has(element)) return true;
  return secretName(element.replace(/^--?/, '').replace(/:$/, '')) !== undefined;
}

/** `<password>…</password>`: what stands behind the '>' at `index`. */
export function elementContent(text: string, index: number): Match | undefined {
  let start = text[index - 1] === '"' ? tagNameEnd(text, index) : index;
  const behind = start;
  while (start > index - 64 && isAt(text, start - 1, NAME)) start--;
  if (text[start - 1] !== '<' && text[start - 1] !== ':') return undefined;
  const tag = text.slice(start, behind);
  const name =
    tag === 'string' ? secretName(plistKey(text, start)) : behind > start && secretName(tag);
  if (!name) return undefined;
  const from = text.startsWith(CDATA, index + 1) ? index + 1 + CDATA.length : index + 1;
  let end = from;
  while (end < text.length && text[end] !== '<' && text[end] !== '\n' && text[end] !== ']') end++;
  if (
    end === from ||
    (text[end] !== '<' && !text.startsWith(']]>', end)) ||
    markEnd(text, from) === end
  )
    return undefined;
  if (name.least > 0 && !looksSecret(text, from, end, name.least)) return undefined;
  return { start: from, end, kind: name.kind };
}

const CDATA = '<![CDATA[';
const MAX_TAG = 232;
const TAG = /[<:][\w.-]{2,64}(?= [^<>]{0,160}$)/;

/** Where the name of a tag with attributes ends, whose '>' is at `index`; -1 when none does. */
function tagNameEnd(text: string, index: number): number {
  const from = Math.max(0, index - MAX_TAG);
  const open = text.slice(from, index).lastIndexOf('<');
  const tag = open < 0 ? null : TAG.exec(text.slice(from + open, index));
  return tag === null ? -1 : from + open + tag.index + tag[0].length;
}

const PLIST = /<key>([\w.-]{2,64})<\/key>\s{0,16}<$/;

/** The key of a property list before `<string>`. */
function plistKey(text: string, start: number): string {
  return PLIST.exec(text.slice(Math.max(0, start - 96), start))?.[1] ?? '';
}

const AUTH_FLAGS = new Set(RULES.flags.auth);
const AUTH_COMMANDS = new Set(RULES.flags.auth_commands);
const USER_FLAGS = new Set(RULES.flags.user);
const USER_COMMANDS = new Set(RULES.flags.user_commands);
const PASSWORD_COMMANDS = new Set(RULES.flags.password_commands);
const COMMAND = /(?:^|[\s'"`/;&|(])([a-z][\w-]{1,20})(?=\s)/g;
const PASSWORD: SecretName = { kind: 'password', least: 0 };
const COMMAND_LOOK = 120;
const BARE_USER = /[^\s:"'`]{0,64}:([^\s"'`]{3,256})/y;

/** The value of an option whose '-' is at `index`: `--token …`, `-u name:…`, `-p…`. */
export function optionValue(text: string, index: number): Match | undefined {
  const before = text[index - 1];
  if (before !== undefined && !' \t"\'`\n['.includes(before)) return undefined;
  if (text[index + 1] !== '-') return shortOption(text, index);
  const end = runEnd(text, index + 2, WORD, index + 48);
  const flag = text.slice(index, end);
  if (USER_FLAGS.has(flag)) return userOption(text, index, end);
  if (text[end] !== ' ') return undefined;
  const name = secretName(flag.slice(2));
  return name && argument(text, end + 1, name);
}

function shortOption(text: string, index: number): Match | undefined {
  const flag = text.slice(index, index + 2);
  if (USER_FLAGS.has(flag) && isOf(USER_COMMANDS, text, index))
    return userOption(text, index, index + 2);
  // `-su`
  if (isAt(text, index + 1, LETTER) && text[index + 2] === 'u' && text[index + 3] === ' ')
    return userOption(text, index, index + 3);
  if (AUTH_FLAGS.has(flag) && text[index + 2] === ' ' && isOf(AUTH_COMMANDS, text, index))
    return argument(text, index + 3, PASSWORD);
  if (flag !== '-p' || !isOf(PASSWORD_COMMANDS, text, index)) return undefined;
  const isApart = text[index + 2] === ' ';
  const start = isApart ? index + 3 : index + 2;
  if (!isApart && !isAt(text, start, ALNUM)) return undefined;
  return argument(text, start, PASSWORD, isApart);
}

/** `-u name:password`, only behind a command that takes it so. */
function userOption(text: string, index: number, end: number): Match | undefined {
  let start = end;
  while (start < end + 2 && (text[start] === ' ' || text[start] === '=')) start++;
  if (start === end || !isOf(USER_COMMANDS, text, index)) return undefined;
  const from = quoteAt(text, start) ? start + 1 : start;
  BARE_USER.lastIndex = from;
  const found = BARE_USER.exec(text);
  if (!found || found[1]!.startsWith('[redacted')) return undefined;
  const stop = BARE_USER.lastIndex;
  return { start: stop - found[1]!.length, end: stop, kind: 'password' };
}

/** Whether one of the commands stands before `index`. */
function isOf(commands: ReadonlySet<string>, text: string, index: number): boolean {
  const look = text.slice(Math.max(0, index - COMMAND_LOOK), index);
  const words = [...look.matchAll(COMMAND)].map(([, word]) => word!);
  return words.some((word, at) => commands.has(word) || commands.has(`${word} ${words[at + 1]}`));
}

function argument(
  text: string,
  start: number,
  name: SecretName,
  mustMix = true,
): Match | undefined {
  const quote = quoteAt(text, start);
  if (quote) {
    const found = quotedValue(text, start, quote, name);
    return found && found.end - found.start >= 3 ? found : undefined;
  }
  if (text[start] === '-' || markEnd(text, start) >= 0) return undefined;
  const end = endOfBare(text, start, start + 512);
  if (
    end - start < 4 ||
    (mustMix && !hasAny(text, start, end, DIGIT) && !isOpaque(text, start, end))
  )
    return undefined;
  if (name.least > 0 && !looksSecret(text, start, end, name.least)) return undefined;
  // `[--password PASSWORD]`
  if (/^[A-Z_]+\]?$/.test(text.slice(start, end))) return undefined;
  return { start, end, kind: name.kind };
}

const SENTENCE =
  /(?:^|[^\w-])(password|passwd|passphrase|passcode|secret|token|key|auth|identified by|[A-Z][A-Z0-9_]{0,24}_(?:PASSWORD|PASS|SECRET|TOKEN|KEY|PAT))(?: is| was| provided|:)?:? {1,2}$/i;
const LEAST_IN_SENTENCE: Readonly<Record<string, number>> = {
  token: 20,
  secret: 16,
  key: 24,
  auth: 10,
};
const SENTENCE_LOOK = 40;

/** `your password is …`, `invalid token …`: the word behind the space at `index`. */
export function nextWord(text: string, index: number): Match | undefined {
  const word = SENTENCE.exec(text.slice(Math.max(0, index - SENTENCE_LOOK), index + 1))?.[1];
  if (word === undefined) return undefined;
  const start = '"\'`'.includes(text[index + 1] ?? ' ') ? index + 2 : index + 1;
  let end = endOfBare(text, start, start + 512);
  while (end > start && '.:!?'.includes(text[end - 1]!)) end--;
  const least = LEAST_IN_SENTENCE[word.toLowerCase()] ?? 8;
  if (!looksSecret(text, start, end, least) || text.slice(start, end).includes('='))
    return undefined;
  // What shows by its own form is of that kind.
  const isPassword = /^p|by$|pass/i.test(word);
  const own = /by$|pass/i.test(word)
    ? /^(?:eyJ|(?:sk|gh[a-z]|xox[a-z])[-_])/
    : /^(?:eyJ|[a-z]{2,}[-_])/i;
  if (own.test(text.slice(start, start + 12))) return undefined;
  const kind = isPassword ? 'password' : word.toLowerCase() === 'key' ? 'api_key' : 'token';
  return { start, end, kind };
}
