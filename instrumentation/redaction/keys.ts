// Keys whose values are secrets whatever they look like, in JSON, attributes, headers and settings.

/** The kind by how a key ends, once it is in lower case without its separators. */
const KINDS: readonly (readonly [kind: string, endings: string])[] = [
  ['password', 'password passwords passwd passphrase passcode pwd'],
  ['private_key', 'privatekey'],
  ['gcp_key', 'privatekeyid'],
  ['aws_key', 'accesskey accesskeyid secretaccesskey xamzsignature'],
  ['azure_key', 'accountkey sharedaccesskey sharedaccesssignature'],
  ['api_key', 'apikey apikeys subscriptionkey'],
  ['secret', 'secret secrets secretkey encryptionkey signingkey masterkey authkey seedphrase'],
  ['token', 'token'],
  ['authorization', 'authorization'],
  ['cookie', 'cookie cookies'],
  ['credential', 'credential credentials'],
  ['connection_string', 'connectionstring connstring'],
  ['card', 'cvv cvc cvv2 cardnumber'],
];
/** Too short to be told by how a key ends: the whole key, or what stands behind its last dot. */
const WHOLE: Readonly<Record<string, string>> = {
  auth: 'authorization',
  bearer: 'bearer',
  jwt: 'jwt',
  sig: 'azure_key',
};

const ENDINGS = KINDS.flatMap(([kind, endings]) =>
  endings.split(' ').map((ending) => [ending, kind] as const),
).sort(([a], [b]) => b.length - a.length);

/** Tokens that open nothing: of pagination, and the words of a language model. */
const OPEN_TOKEN =
  /(?:^|_)(?:page|next|continuation|sync|cursor|resume|eos|bos|pad|unk|sep|cls|mask|stop|start|end|special|first|last|output|input|prompt|completion|cached|reasoning|per|unexpected)_?token$|^next_?page_?token$/;

const MAX_KEY_LENGTH = 128;
const MAX_REMEMBERED = 4096;
const remembered = new Map<string, string>();

/** The kind of secret that a key names; '' for other keys. */
export function kindOfKey(key: string): string {
  if (key.length > MAX_KEY_LENGTH) return '';
  let kind = remembered.get(key);
  if (kind === undefined) {
    kind = findKind(key);
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    remembered.set(key, kind);
  }
  return kind;
}

function findKind(key: string): string {
  const words = key.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
  const snake = words.replace(/[^a-z0-9]+/g, '_');
  const name = snake.replaceAll('_', '');
  if (OPEN_TOKEN.test(snake)) return '';
  const last = key.slice(key.lastIndexOf('.') + 1).toLowerCase();
  if (Object.hasOwn(WHOLE, last)) return WHOLE[last]!;
  return ENDINGS.find(([ending]) => name.endsWith(ending))?.[1] ?? '';
}

/** The last two letters of all such keys, as `a * 128 + b`: tells most other words apart at once. */
export const LAST_TWO: Uint8Array = new Uint8Array(128 * 128);
for (const ending of [...Object.keys(WHOLE), ...ENDINGS.map(([text]) => text)]) {
  const forms = (character: string) => [character.toLowerCase(), character.toUpperCase()];
  for (const a of forms(ending.at(-2)!)) {
    for (const b of forms(ending.at(-1)!)) LAST_TWO[a.charCodeAt(0) * 128 + b.charCodeAt(0)] = 1;
  }
}
