import { describe, expect, it } from 'vitest';
import { readSettings, SettingsError } from '../../deploy/settings.ts';

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
  ])('refuse %j %j, naming %s', (given, environment, name) => {
    const read = () => readSettings(given, environment);
    expect(read).toThrow(SettingsError);
    expect(read).toThrow(name);
  });
});
