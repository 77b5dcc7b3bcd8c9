import { describe, expect, it } from 'vitest';
import { readSettings } from '../../deploy/settings.ts';
import { SettingsError } from '../../query/base/errors.ts';

describe('settings', () => {
  it('prefer the flag to the variable and the variable to the default', () => {
    const environment = { FAULTLINE_QUERY_PORT: '5000', FAULTLINE_OTLP_HTTP_PORT: '5001' };
    const settings = readSettings({ 'query-port': '6000' }, environment);
    expect(settings).toMatchObject({
      'query-port': 6000,
      'otlp-http-port': 5001,
      'embedded-port': 8123,
      'data-dir': './.faultline',
      keep: 'agents',
    });
  });

  it.each([
    [{ 'query-port': 'x' }, {}, '--query-port'],
    [{ 'query-port': '70000' }, {}, '--query-port'],
    [{ keep: 'everything' }, {}, '--keep'],
    [{ 'clickhouse-url': 'clickhouse' }, {}, '--clickhouse-url'],
    [{}, { FAULTLINE_RETENTION_DAYS: '0' }, 'FAULTLINE_RETENTION_DAYS'],
    [{ host: '0.0.0.0' }, {}, '--host'],
    [{ 'query-token': ['a b'] }, {}, '--query-token'],
    [{ 'admin-token': ['a'], 'query-token': ['a'] }, {}, '--admin-token'],
    [{ 'tls-cert': 'c.pem' }, {}, '--tls-key'],
    [{ 'tls-key': 'k.pem' }, {}, '--tls-cert'],
    [{ 'tls-client-ca': 'ca.pem' }, {}, '--tls-cert'],
    [{ role: 'worker' }, {}, '--role'],
    [{ role: 'query' }, {}, '--clickhouse-url: missing; --role query needs it'],
    [{ role: 'collector' }, {}, '--clickhouse-url: missing; --role collector needs it'],
    [{ role: 'collector', 'clickhouse-url': 'http://c', alerts: 'a.json' }, {}, '--alerts'],
    [{ 'collector-url': 'http://c' }, {}, '--collector-url'],
    [{ 'clickhouse-url': ['http://c', 'd'] }, {}, '--clickhouse-url'],
  ])('refuse %j %j, naming %s', (given, environment, name) => {
    const read = () => readSettings(given, environment);
    expect(read).toThrow(SettingsError);
    expect(read).toThrow(name);
  });

  it('take tokens from repeated flags, or separated by commas from a variable', () => {
    const environment = { FAULTLINE_INGEST_TOKEN: 'a, b', FAULTLINE_QUERY_TOKEN: 'c' };
    expect(readSettings({ 'query-token': ['d', 'e'] }, environment)).toMatchObject({
      'ingest-token': ['a', 'b'],
      'query-token': ['d', 'e'],
      'admin-token': [],
    });
  });

  it('take addresses of ClickHouse likewise', () => {
    const urls = ['http://a:8123', 'https://b:8443'];
    const environment = { FAULTLINE_CLICKHOUSE_URL: urls.join(', ') };
    expect(readSettings({}, environment)['clickhouse-url']).toEqual(urls);
    expect(readSettings({ 'clickhouse-url': urls })['clickhouse-url']).toEqual(urls);
  });

  it('ask of a part only for the tokens that it checks', () => {
    const open = { host: '0.0.0.0', 'clickhouse-url': 'http://c' };
    readSettings({ ...open, role: 'query', 'query-token': ['q'] }, {});
    readSettings({ ...open, role: 'collector', 'ingest-token': ['i'] }, {});
    expect(() => readSettings({ ...open, role: 'query' }, {})).toThrow('needs --query-token');
    expect(() => readSettings({ ...open, role: 'collector' }, {})).toThrow('needs --ingest-token');
  });

  it('never show a token that is refused', () => {
    const read = () => readSettings({}, { FAULTLINE_INGEST_TOKEN: 'very secret' });
    expect(read).toThrow('FAULTLINE_INGEST_TOKEN: got a value that is not shown');
  });

  const tls = { 'tls-cert': 'c', 'tls-key': 'k' };

  it.each([
    [{}, 'needs --ingest-token (or --tls-client-ca) and --query-token'],
    [{ 'ingest-token': ['a'] }, 'needs --query-token'],
    [{ 'query-token': ['b'] }, 'needs --ingest-token (or --tls-client-ca)'],
    [{ ...tls, 'query-token': ['b'] }, 'needs --ingest-token (or --tls-client-ca)'],
    [{ 'ingest-token': ['a'], 'admin-token': ['c'] }, 'needs --query-token'],
  ])('refuse an open host with %j and name what is missing', (given, message) => {
    for (const host of ['0.0.0.0', '::', '10.0.0.1', 'faultline.internal']) {
      expect(() => readSettings({ host, ...given }, {})).toThrow(message);
    }
  });

  it.each([
    { 'ingest-token': ['a'], 'query-token': ['b'] },
    { ...tls, 'tls-client-ca': 'ca', 'query-token': ['b'] },
  ])('allow an open host with %j', (given) => {
    expect(readSettings({ host: '0.0.0.0', ...given }, {}).host).toBe('0.0.0.0');
  });
});
