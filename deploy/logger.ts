// Our own log: lines for people, or JSON.
import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import type { Settings } from './settings.ts';

export function createLogger(settings: Pick<Settings, 'log-format' | 'log-level'>): Logger {
  const options = { level: settings['log-level'], base: null };
  return settings['log-format'] === 'json'
    ? pino({ ...options, timestamp: pino.stdTimeFunctions.isoTime })
    : pino(options, pretty({ sync: true, ignore: 'component' }));
}
