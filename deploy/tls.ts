// The certificate files of `faultline start`, checked before anything listens.

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { TlsOptions } from '../collector/index.ts';
import { SettingsError } from '../query/base/errors.ts';
import type { Settings } from './settings.ts';

type TlsSettings = Pick<Settings, 'tls-cert' | 'tls-key' | 'tls-client-ca'>;
type TlsFlag = keyof TlsSettings;

/**
 * Reads certificate, key and client CA; undefined when TLS is not set up.
 * @throws {SettingsError} for a file that cannot be read, is not what it should be, or does not fit
 */
export function readTls(settings: TlsSettings): TlsOptions | undefined {
  if (settings['tls-cert'] === undefined || settings['tls-key'] === undefined) return undefined;
  const cert = read(settings, 'tls-cert');
  const key = read(settings, 'tls-key');
  const certificate = parse(settings, 'tls-cert', 'a certificate', () => new X509Certificate(cert));
  const privateKey = parse<KeyObject>(settings, 'tls-key', 'a private key without passphrase', () =>
    createPrivateKey(key),
  );
  if (!certificate.checkPrivateKey(privateKey)) {
    throw refusal(settings, 'tls-key', 'is not the key of the certificate in --tls-cert');
  }
  if (settings['tls-client-ca'] === undefined) return { cert, key };
  const ca = read(settings, 'tls-client-ca');
  parse(settings, 'tls-client-ca', 'a certificate', () => new X509Certificate(ca));
  return { cert, key, ca };
}

function read(settings: TlsSettings, flag: TlsFlag): string {
  try {
    return readFileSync(settings[flag]!, 'utf8');
  } catch (error) {
    throw refusal(settings, flag, `cannot be read: ${(error as Error).message}`, error);
  }
}

function parse<T>(settings: TlsSettings, flag: TlsFlag, what: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw refusal(settings, flag, `does not hold ${what} in PEM form`, error);
  }
}

function refusal(
  settings: TlsSettings,
  flag: TlsFlag,
  why: string,
  cause?: unknown,
): SettingsError {
  return new SettingsError(`--${flag}: ${JSON.stringify(settings[flag])} ${why}`, { cause });
}
