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
const AWS = `${random(20)}/${random(19)}`;
const base64 = (text: string) => Buffer.from(text).toString('base64');
const PEM = `-----BEGIN RSA PRIVATE KEY-----\n${random(64)}\n-----END RSA PRIVATE KEY-----`;
const DISCORD = `M${random(25)}.G3aqQ3.${random(38)}`;

const SIGNS: Readonly<Record<string, string>> = {
  hex: '0f34a9',
  uuid: '0f34a9',
  upper: 'Q7Z2K9',
  capitals: 'Q7Z2K9',
};

/** What must be gone from a text. */
const GONE: readonly (readonly [kind: string, text: string, secret: string])[] = [
  // Every format of the table, bare in a sentence.
  ...[...RULES.formats.own, ...RULES.formats.gitleaks.prefixes].map(
    ({ prefix, body, least, before = 0 }) => {
      const signs = SIGNS[body] ?? 'a1B2c3';
      const key = random(before) + prefix + signs.repeat(80).slice(0, least + 4);
      return [`format ${prefix}`, `rejected (${key}) by upstream`, key] as const;
    },
  ),
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
  ['dsn of a webhook', `POST https://hook.eu1.make.com/${SECRET}`, SECRET],
  ['code in a query', `GET /cb?code=${SECRET}&state=1`, SECRET],
  ['id and secret of AWS', `s3('https://b/k', 'AKIA${'IOSFODNN7EXAMPLE'}', '${AWS}')`, AWS],
  ['mailchimp', `${'0f34a9c1'.repeat(4)}-us12 left`, '0f34a9c1-us12'],
  ['hash of a password', `bob:$apr1$${random(8)}$${random(22)}`, random(22)],
  // Between a name and its value.
  ['type', `api_key: str = "${SECRET}"`, SECRET],
  ['next line', `db:\n  password:\n    ${SECRET}\n`, SECRET],
  ['folded', `token: >-\n  ${SECRET}\n`, SECRET],
  ['three quotes', `token = """${SECRET}"""`, SECRET],
  ['php', `[password] => ${PASSWORD}`, PASSWORD],
  ['php dump', `["password"]=>\n  string(13) "${PASSWORD}"`, PASSWORD],
  ['bytes', `(b'x-api-key', b'${SECRET}'), SecretBytes(token=b'${SECRET}')`, SECRET],
  ['cookies', `get(url, cookies={'sid': '${SECRET}'})`, SECRET],
  ['tag with attributes', `<w:Password Type="x">${PASSWORD}</w:Password>`, PASSWORD],
  ['cdata', `<password><![CDATA[${PASSWORD}]]></password>`, PASSWORD],
  ['entities', `<a password=&quot;${PASSWORD}&quot;>`, PASSWORD],
  ['input', `<input type="password" name="p" value="${SECRET}">`, SECRET],
  ['plist', `<key>password</key>\n<string>${PASSWORD}</string>`, PASSWORD],
  ['value before its name', `{"value":"${SECRET}","name":"x-api-key"}`, SECRET],
  ['path and value', `{"path":"/password","op":"replace","value":"${SECRET}"}`, SECRET],
  ['form', `form-data; name="password"\r\n\r\n${PASSWORD}\r\n--x`, PASSWORD],
  ['digest', `Authorization: Digest username="bob", response="${SECRET}"`, SECRET],
  ['curl -su', `curl -su bob:${PASSWORD} https://x/`, PASSWORD],
  ['redis-cli -a', `redis-cli -h x -a ${PASSWORD} ping`, PASSWORD],
  ['sql', `CREATE USER bob IDENTIFIED BY '${PASSWORD}'`, PASSWORD],
  ['set', `setx OPENAI_API_KEY "${SECRET}"`, SECRET],
  ['provided', `Incorrect API key provided: ${SECRET}. You can`, SECRET],
  ['words of a wallet', `mnemonic: ${'abandon ability '.repeat(6)}`, 'ability abandon'],
  ['german', `Passwort: ${PASSWORD}`, PASSWORD],
  // One level of encoding.
  ['url encoded', `https%3A%2F%2Fx%2F%3Fapi_key%3D${SECRET}%26b%3D1`, SECRET],
  ['base64 of pem', `client-key-data: ${base64(PEM)}`, base64(PEM).slice(0, 60)],
  ['base64 of json', base64(JSON.stringify({ api_key: SECRET })), base64(SECRET).slice(9, 30)],
  ['hex', Buffer.from(`sk-proj-${random(40)}`).toString('hex'), '736b2d70726f6a2d'],
  ['base64 behind a name', `data=${base64(`ghp_${random(36)}`)}`, base64(random(36)).slice(8, 30)],
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
    ['path', { path: '/db/password', op: 'add', value: SECRET }],
    ['option and password', ['mysql', `-p${SECRET}`]],
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
  'api_key=***',
  'token: [REDACTED]',
  `password=${'$'}{DB_PASSWORD}`,
  'apiKey: process.env.OPENAI_API_KEY',
  'usage: login [--password PASSWORD] [--token TOKEN]',
  'arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf',
  'GET /error?code=E4011234 and code=abcdefabcdef123456789012',
  'pk_invoices_by_customer_2026_and_region_7 violated',
  'api-gateway-production-7d9f8b6c5d-x2x4z-abcde-fghij',
  'live_stream_of_2026_11_30_from_the_second_camera',
  'password:\n  min_length: 12',
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
    '">',
    'api_key: str =',
    'secret=abandon ',
    'password:\n',
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
