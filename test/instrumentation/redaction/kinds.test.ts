// Kinds of secrets that pass what looks only at prefixes and endings, and what must stay beside them. Values are
// made here, so that no scanner takes this file for a leak.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { redact } from '../../../instrumentation/redaction/index.ts';
import { RULES } from '../../../instrumentation/redaction/rules.generated.ts';
import { random } from './table.ts';

const SECRET = `q${random(31)}`;
const PASSWORD = 'Xk7pQ2mWz9Lr4';
const base64 = (text: string) => Buffer.from(text).toString('base64');
const PEM = `-----BEGIN RSA PRIVATE KEY-----\n${random(64)}\n-----END RSA PRIVATE KEY-----`;
const DISCORD = `M${random(25)}.G3aqQ3.${random(38)}`;

/** What must be gone from a text. */
const GONE: readonly (readonly [kind: string, text: string, secret: string])[] = [
  // Every format of the table, bare in a sentence.
  ...[...RULES.formats.own, ...RULES.formats.gitleaks.prefixes].map(({ prefix, body, least }) => {
    const signs = body === 'hex' ? '0f34a9' : body === 'upper' ? 'Q7Z2K9' : 'a1B2c3';
    const key = prefix + signs.repeat(80).slice(0, least + 4);
    return [`format ${prefix}`, `rejected (${key}) by upstream`, key] as const;
  }),
  ['discord bot', `credentials (${DISCORD}) were`, DISCORD],
  ['telegram bot', `bot 4946289981:AA${random(33)} left`, `AA${random(33)}`],
  ['airtable', `pat${random(14)}.${'0f34a9'.repeat(11).slice(0, 64)}`, '0f34a90f34a9'],
  ['putty', `Private-Lines: 1\n${SECRET}\nPrivate-MAC: 0`, SECRET],
  // Words anywhere in a name.
  ...[
    'MISTRAL_KEY',
    'SESSION_KEY',
    'OPENAI_API_KEY_2',
    'WEBHOOK_SECRET_V2',
    'SECRET_KEY_BASE',
    'PASSWORD_PEPPER',
    '_auth',
    'pass',
    'tokenValue',
  ].map((name) => [`name ${name}`, `${name}=${SECRET}`, SECRET] as const),
  ...['apiKeyProd', 'secretValue', 'SecretString', 'dbPass', 'key', 'password_hash'].map(
    (name) => [`json ${name}`, JSON.stringify({ a: 1, [name]: SECRET }), SECRET] as const,
  ),
  ['json list', JSON.stringify({ tokens: [SECRET] }), SECRET],
  ['query', `GET https://x.io/v1?q=x&key=${SECRET} 401`, SECRET],
  // A name, then its value as the next element.
  ['tuple', `[('X-Api-Key', '${SECRET}')]`, SECRET],
  ['pair', `[["x-api-key","${SECRET}"]]`, SECRET],
  ['raw headers', `rawHeaders: [ 'x-api-key', '${SECRET}', 'Host', 'x' ]`, SECRET],
  ['name and value', `{"name": "X-Api-Key", "value": "${SECRET}"}`, SECRET],
  ['xml attribute', `<add key="ApiKey" value="${SECRET}" />`, SECRET],
  ['xml element', `<config><password>${PASSWORD}</password></config>`, PASSWORD],
  ['call', `Settings(openai_api_key=SecretStr('${SECRET}'))`, SECRET],
  ['auth tuple', `requests.get(url, auth=('admin', '${PASSWORD}'))`, PASSWORD],
  // Command lines.
  ['curl -u', `curl -u admin:${PASSWORD} https://x/`, PASSWORD],
  ['curl --user', `curl --user 'svc:${PASSWORD}' https://x/`, PASSWORD],
  ['mysql -p', `mysql -uroot -p${PASSWORD} -h db`, PASSWORD],
  ['docker -p', `docker login -u x -p ${PASSWORD} reg`, PASSWORD],
  ['--password', `psql --password ${PASSWORD} -h db`, PASSWORD],
  ['--api-key', `tool --api-key ${SECRET} run`, SECRET],
  ['netrc', `machine api.x login svc password ${PASSWORD}`, PASSWORD],
  ['sentence', `your password is ${PASSWORD}`, PASSWORD],
  // Addresses.
  ...['/', '#', '?'].map(
    (sign) => [`dsn ${sign}`, `postgres://app:p${sign}${PASSWORD}@db:5432/x`, PASSWORD] as const,
  ),
  ['user only', `https://${SECRET}@sentry.io/12345`, SECRET],
  // One level of encoding.
  ['url encoded', `https%3A%2F%2Fx%2F%3Fapi_key%3D${SECRET}%26b%3D1`, SECRET],
  ['base64 of pem', `client-key-data: ${base64(PEM)}`, base64(PEM).slice(0, 60)],
  ['base64 of json', base64(JSON.stringify({ api_key: SECRET })), base64(SECRET).slice(9, 30)],
  ['hex', Buffer.from(`sk-proj-${random(40)}`).toString('hex'), '736b2d70726f6a2d'],
  // Behind letters, underscores and colours.
  ['letters', `keysk-proj-${random(60)}`, random(60)],
  ['underscore', `OPENAI_sk-proj-${random(60)}`, random(60)],
  ['colour', `\u001b[31mghp_${random(36)}`, random(36)],
];

describe('a secret', () => {
  it.each(GONE)('%s is gone', (_kind, text, secret) => {
    const once = redact(text).value as string;
    expect(once).not.toContain(secret);
    expect(redact(once).value).toBe(once);
  });

  it.each([
    ['list', ['X-Api-Key', SECRET]],
    ['command', ['docker', 'login', '-p', SECRET]],
    ['option', ['tool', '--token', SECRET]],
    ['object', { name: 'X-Api-Key', value: SECRET }],
    ['list under a name', { tokens: [SECRET] }],
  ])('in a structure is gone: %s', (_what, value) => {
    expect(JSON.stringify(redact(value).value)).not.toContain(SECRET);
  });
});

const HARMLESS = [
  'duplicate primary key: invoices_pkey2',
  'miss cache_key=user:42:profile1234567890',
  'sortKey: createdAt2updatedAt17',
  'Idempotency-Key: cbc0fd56-bb98-d2c4-49d8-5420a511e617',
  'token_type=Bearer2',
  'max_tokens=4096000000000000 exceeded',
  'password is required',
  'the option --password is required',
  'docker run -p 8080:80 -u 1000:1000 image2',
  'connect http://localhost:3000/@vite/client2 failed',
  '/home/a1b2c3d4e5f6/node_modules/express/lib/router/index.js:284:15',
  "got ['password', 'username'] as fields",
  'commit 0f343b0931126a20133d67c2b018a3b5a1b2c3d4',
  'secret_name: prod/db2/main-primary-11',
  'integrity sha512-dk1Lg1JFXJu0CzQdB5vCdc446rdn30BZ6f60c8XCCXaAYTWMHlat4kQWYg3sDgGQ==',
  '100%25 of a%20b done',
];

describe('what is no secret', () => {
  it.each(HARMLESS)('stays: %s', (text) => {
    expect(redact(text).value).toBe(text);
  });

  it('stays in lists: names beside each other, words of a model', () => {
    const value = { fields: ['password', 'username'], tokens: ['the', 'cat', 'sat'], name: 'v2' };
    expect(redact(value).value).toEqual(value);
  });
});

it('takes time that grows with the text, whatever it is', () => {
  // Without a bound, the larger of each would take minutes.
  for (const part of [
    'key=(',
    "'password',",
    '%41',
    '://a:',
    ' -p -u --token ',
    'value=',
    '.',
    'a@',
  ]) {
    redact(part.repeat(40_000 / part.length));
  }
});

it('has one table for all languages', () => {
  const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  const folder = '../../../instrumentation/';
  const table = readFileSync(at(`${folder}redaction/rules.json`), 'utf8');
  expect(readFileSync(at(`${folder}python/faultline/redaction/rules.json`), 'utf8')).toBe(table);
  expect(JSON.parse(table)).toEqual(RULES);
});
