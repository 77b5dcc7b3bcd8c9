// What is redacted and what is not: the same table for the module, the executor and the collector.
// Secrets are put together here, so that no scanner takes this file for a leak.

export interface Case {
  readonly what: string;
  readonly given: string;
  readonly expected: string;
  readonly counts: Record<string, number>;
}

/** Letters and digits as a generator of keys makes them. */
export const random = (length: number): string => 'a1B2c3D4e5F6g7H8'.repeat(12).slice(0, length);
const hex = (length: number): string => '0f343b0931126a20'.repeat(8).slice(0, length);

export const JWT = [
  'eyJhbGciOiJIUzI1NiJ9',
  'eyJzdWIiOiIxMjM0NTY3ODkwIn0',
  'dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U',
].join('.');
export const PEM = (kind: string, body = `MIIE${random(60)}\n${random(64)}`): string =>
  `-----BEGIN ${kind}-----\n${body}\n-----END ${kind}-----`;

/** Keys that show by their form, and their kinds. */
export const KEYS: readonly (readonly [key: string, kind: string])[] = [
  ...[
    `sk-${random(48)}`,
    `sk-proj-${random(40)}_${random(20)}-${random(30)}`,
    `sk-ant-api03-${random(80)}-AA`,
    `sk-or-v1-${hex(64)}`,
    `sk-lf-${hex(8)}-${hex(4)}-4f`,
    `AIza${random(35)}`,
    `gsk_${random(52)}`,
    `hf_${random(34)}`,
    `r8_${random(37)}`,
    `xai-${random(80)}`,
    `pplx-${random(48)}`,
    `csk-${random(40)}`,
    `tvly-${random(32)}`,
    `nvapi-${random(60)}`,
    `sk_live_${random(24)}`,
    `rk_test_${random(24)}`,
    `whsec_${random(32)}`,
    `ghp_${random(36)}`,
    `ghs_${random(36)}`,
    `github_pat_${random(22)}_${random(59)}`,
    `glpat-${random(20)}`,
    `xoxb-123456789012-${random(24)}`,
    `xapp-1-A0B1-${random(20)}`,
    `SG.${random(22)}.${random(43)}`,
    `SK${hex(32)}`,
    `npm_${random(36)}`,
    `pypi-AgEIcHlwaS5vcmc${random(60)}`,
    `lsv2_pt_${hex(32)}_${hex(10)}`,
    `pcsk_${random(40)}`,
    `lin_api_${random(40)}`,
    `dapi${hex(32)}`,
    `hvs.${random(24)}`,
    `ya29.${random(60)}`,
  ].map((key) => [key, 'api_key'] as const),
  [`AKIA${'IOSFODNN7EXAMPLE'}`, 'aws_key'],
  [`ASIA${'IOSFODNN7EXAMPLE'}`, 'aws_key'],
  [JWT, 'jwt'],
];

const one = (kind: string): Record<string, number> => ({ [kind]: 1 });
const row = (given: string, expected: string, ...kinds: string[]): Case => {
  const counts: Record<string, number> = {};
  for (const kind of kinds) counts[kind] = (counts[kind] ?? 0) + 1;
  return { what: given.slice(0, 60), given, expected, counts };
};

/** Texts with secrets. */
export const SECRET_TEXTS: readonly Case[] = [
  ...KEYS.map(([key, kind]) => ({
    what: `${key.slice(0, 9)}…`,
    given: `the key ${key} was refused`,
    expected: `the key [redacted:${kind}] was refused`,
    counts: one(kind),
  })),
  row(`token is ${JWT}.`, 'token is [redacted:jwt].', 'jwt'),
  row(
    `Incorrect API key provided: sk-${random(40)}. See https://x.io/keys`,
    'Incorrect API key provided: [redacted:api_key]. See https://x.io/keys',
    'api_key',
  ),
  // Private keys.
  ...['PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY', 'OPENSSH PRIVATE KEY'].map((kind) =>
    row(`before\n${PEM(kind)}\nafter`, 'before\n[redacted:private_key]\nafter', 'private_key'),
  ),
  row(`cut -----BEGIN PRIVATE KEY-----\nMIIE`, 'cut [redacted:private_key]', 'private_key'),
  row(`a ${PEM('PGP PRIVATE KEY BLOCK')} b`, 'a [redacted:private_key] b', 'private_key'),
  // Headers.
  row(
    `Authorization: Bearer ${random(20)}\nHost: x.io`,
    'Authorization: Bearer [redacted:bearer]\nHost: x.io',
    'bearer',
  ),
  row(
    'authorization: Basic dXNlcjpwYXNz',
    'authorization: Basic [redacted:basic_auth]',
    'basic_auth',
  ),
  row(
    `Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101, Signature=${hex(64)}\nX: y`,
    'Authorization: [redacted:authorization]\nX: y',
    'authorization',
  ),
  row(
    'Cookie: sid=abc; theme=dark\r\nAccept: */*',
    'Cookie: [redacted:cookie]\r\nAccept: */*',
    'cookie',
  ),
  row('Set-Cookie: id=1; HttpOnly', 'Set-Cookie: [redacted:cookie]', 'cookie'),
  row(`x-api-key: ${random(24)}\nA: b`, 'x-api-key: [redacted:api_key]\nA: b', 'api_key'),
  // Fields.
  row('GET /?api_key=abc123&x=1', 'GET /?api_key=[redacted:api_key]&x=1', 'api_key'),
  row('password=hunter2 user=joe', 'password=[redacted:password] user=joe', 'password'),
  row('password: x', 'password: [redacted:password]', 'password'),
  row(
    'db:\n  password: pa$$:w@rd\n  port: 1',
    'db:\n  password: [redacted:password]\n  port: 1',
    'password',
  ),
  row(`PGPASSWORD='it is' psql`, `PGPASSWORD='[redacted:password]' psql`, 'password'),
  row(
    `{'password': 'hunter2', 'user': 'joe'}`,
    `{'password': '[redacted:password]', 'user': 'joe'}`,
    'password',
  ),
  row(
    `connect(password=b'abc', port=1)`,
    `connect(password=b'[redacted:password]', port=1)`,
    'password',
  ),
  row(`:password => "abc"`, `:password => "[redacted:password]"`, 'password'),
  row('Server=x;Uid=sa;Pwd=a b;', 'Server=x;Uid=sa;Pwd=[redacted:password] b;', 'password'),
  row(`MISTRAL_API_KEY=${random(32)}`, 'MISTRAL_API_KEY=[redacted:api_key]', 'api_key'),
  row(`token: ${random(20)}`, 'token: [redacted:token]', 'token'),
  row(
    `aws_secret_access_key = ${random(30)}/${random(9)}`,
    'aws_secret_access_key = [redacted:aws_key]',
    'aws_key',
  ),
  row(
    `AccountName=n;AccountKey=${random(86)}==;EndpointSuffix=core.windows.net`,
    'AccountName=n;AccountKey=[redacted:azure_key];EndpointSuffix=core.windows.net',
    'azure_key',
  ),
  row(
    `Endpoint=sb://n/;SharedAccessKeyName=r;SharedAccessKey=${random(43)}=`,
    'Endpoint=sb://n/;SharedAccessKeyName=r;SharedAccessKey=[redacted:azure_key]',
    'azure_key',
  ),
  row(
    `https://n.blob.core.windows.net/c?sv=2024&sig=${random(43)}%3D&se=1`,
    'https://n.blob.core.windows.net/c?sv=2024&sig=[redacted:azure_key]&se=1',
    'azure_key',
  ),
  // URLs.
  row(
    'postgres://app:s3cret@db/prod',
    'postgres://app:[redacted:url_password]@db/prod',
    'url_password',
  ),
  row('redis://:s3cret@cache:6379', 'redis://:[redacted:url_password]@cache:6379', 'url_password'),
  row(
    'mongodb+srv://a@b.com:p@ss@h1.x.io,h2.x.io/db',
    'mongodb+srv://[redacted:url_password]@h1.x.io,h2.x.io/db',
    'url_password',
  ),
  // E-mail.
  row('mail joe.doe+tag@sub.example.co.uk now', 'mail [redacted:email] now', 'email'),
  row('<joe@corp.com>, ann@corp.com.', '<[redacted:email]>, [redacted:email].', 'email', 'email'),
  row('von jörg@müller.de', 'von [redacted:email]', 'email'),
  row('联系joe@corp.com。', '联系[redacted:email]。', 'email'),
  // Cards.
  row('card 4111111111111111 declined', 'card [redacted:card] declined', 'card'),
  row('4111 1111 1111 1111 12/27 123', '[redacted:card] 12/27 123', 'card'),
  row('5555-5555-5555-4444,', '[redacted:card],', 'card'),
  row('amex 3782 822463 10005', 'amex [redacted:card]', 'card'),
  row(
    '6011111111111117 and 3530111333300000',
    '[redacted:card] and [redacted:card]',
    'card',
    'card',
  ),
  // Several, and what a first pass has left.
  row(
    `joe@corp.com used sk-ant-${random(30)} at postgres://u:p@h/d`,
    '[redacted:email] used [redacted:api_key] at postgres://u:[redacted:url_password]@h/d',
    'email',
    'api_key',
    'url_password',
  ),
  row(
    'password=[redacted:password] token: [redacted:jwt] joe@corp.com',
    'password=[redacted:password] token: [redacted:jwt] [redacted:email]',
    'email',
  ),
];

/** Texts in which there is nothing to hide. */
export const OPEN_TEXTS: readonly string[] = [
  '',
  'no seat left',
  'Unexpected token < in JSON at position 0',
  'Unexpected token: expected string',
  'task-runner risk-free disk-1 mask-0123456789abcdef',
  'sk-learn-pipeline-with-many-words and rk-',
  'Bearer token missing; basic authentication required',
  'Authorization: required',
  'invalid cookie: try again',
  'max_tokens: 4096, next_page_token=abc123456, llm.token_count.prompt=12',
  'author=joe secretary: Ann keyboard=us monkey: 12345678',
  'f47ac10b-58cc-4372-a567-0e02b2c3d479',
  '41111111-1111-4111-8111-111111111111',
  `sha256:${hex(64)}`,
  '4532015112830366453201511283036645320151128303664532015112830366',
  'commit 4e1243bd22c66e76c2ba9eddc1f91394e57f9f83',
  '1767225600000 1767225600000000000 1767225600.123456',
  'score 0.4532015112830366, -4532015112830366.5',
  'order 4111111111111112',
  '+49 30 1234567, (555) 123-4567, 0041 44 668 18 00',
  'version 1.2.3-rc.4+build.5 10.0.0.1:8080 [::1]:443',
  'thanks @joe and user@ host',
  'at Object.<anonymous> (/app/node_modules/@opentelemetry/api@1.9.0/build/src/index.js:10:5)',
  '/app/node_modules/.pnpm/react-dom@18.2.0_react@18.2.0/node_modules/react-dom/index.js:1:2',
  'pkg@1.2.3-beta.rc',
  'git@github.com:org/repo.git',
  'https://host.example:8443/a/b?x=1&y=2#z',
  'https://user@host.example/',
  'PWD=/home/joe/project',
  `data:image/png;base64,iVBORw0KGgo${random(150)}AAAASUVORK5CYII=`,
  'a lone \ud800 surrogate and 👩‍👩‍👧 a family',
  '[redacted:email] [redacted:api_key]~1a2b3c4d password=[redacted:password]; postgres://u:[redacted:url_password]@h',
];

/** Attribute and JSON keys, and the kind that their values are redacted as; '' for open ones. */
export const NAMED: readonly (readonly [key: string, kind: string])[] = [
  ['password', 'password'],
  ['userPassword', 'password'],
  ['DB_PASSWD', 'password'],
  ['pwd', 'password'],
  ['API_KEY', 'api_key'],
  ['openaiApiKey', 'api_key'],
  ['x-api-key', 'api_key'],
  ['http.request.header.authorization', 'authorization'],
  ['Proxy-Authorization', 'authorization'],
  ['http.request.header.cookie', 'cookie'],
  ['set-cookie', 'cookie'],
  ['db.connection_string', 'connection_string'],
  ['ConnectionStrings.ConnectionString', 'connection_string'],
  ['client_secret', 'secret'],
  ['accessToken', 'token'],
  ['refresh_token', 'token'],
  ['developer_token', 'token'],
  ['backend_token', 'token'],
  ['aws_access_key_id', 'aws_key'],
  ['SecretAccessKey', 'aws_key'],
  ['private_key', 'private_key'],
  ['private_key_id', 'gcp_key'],
  ['credentials', 'credential'],
  ['jwt', 'jwt'],
  ['cvv', 'card'],
  ...[
    'gen_ai.usage.input_tokens',
    'gen_ai.usage.output_tokens',
    'gen_ai.request.max_tokens',
    'gen_ai.token.type',
    'llm.token_count.prompt',
    'llm.usage.total_tokens',
    'ai.usage.promptTokens',
    'max_tokens',
    'next_page_token',
    'nextPageToken',
    'NextToken',
    'continuation_token',
    'eos_token',
    'pad_token',
    'time_per_output_token',
    'session.id',
    'user.id',
    'author',
    'key',
    'primary_key',
    'public_key',
    'idempotency_key',
    'cache_key',
    'keyboard',
    'secretary',
    'http.route',
    'url.full',
    'service.name',
    'tokenizer',
    'passed',
    'authority',
  ].map((key) => [key, ''] as const),
];
