import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { SettingProblem } from './setting-problem.js';

/** TLS to Temporal and the API key, by the names that Temporal's own command line knows (reference/temporal 1.1). */

export interface TemporalTls {
  readonly serverName: string | undefined;
  /** PEM; the name keeps them out of what the audit trail holds of the configuration. */
  readonly certificates: {
    readonly ca: string | undefined;
    readonly client: { readonly certificate: string; readonly key: string } | undefined;
  };
}

export interface TemporalTlsSettings {
  readonly TEMPORAL_TLS?: 'on' | 'off' | 'true' | 'false' | '1' | '0' | undefined;
  readonly TEMPORAL_TLS_SERVER_NAME?: string | undefined;
  readonly TEMPORAL_TLS_SERVER_CA_CERT_DATA?: string | undefined;
  readonly TEMPORAL_TLS_CLIENT_CERT_DATA?: string | undefined;
  readonly TEMPORAL_TLS_CLIENT_KEY_DATA?: string | undefined;
  readonly TEMPORAL_API_KEY?: string | undefined;
}

/** Each of them may come from a file. */
export const TLS_FILES = {
  TEMPORAL_TLS_SERVER_CA_CERT_DATA: 'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
  TEMPORAL_TLS_CLIENT_CERT_DATA: 'TEMPORAL_TLS_CLIENT_CERT_PATH',
  TEMPORAL_TLS_CLIENT_KEY_DATA: 'TEMPORAL_TLS_CLIENT_KEY_PATH',
} as const;

type PemSetting = keyof typeof TLS_FILES;

/** Any of these settings switches TLS on. */
const MEANS_TLS = [
  'TEMPORAL_TLS_SERVER_NAME',
  'TEMPORAL_TLS_SERVER_CA_CERT_DATA',
  'TEMPORAL_TLS_CLIENT_CERT_DATA',
  'TEMPORAL_TLS_CLIENT_KEY_DATA',
  'TEMPORAL_API_KEY',
] as const;

export function toTemporalTls(settings: TemporalTlsSettings): TemporalTls | undefined {
  const wanted = toSwitch(settings.TEMPORAL_TLS) ?? MEANS_TLS.some((name) => settings[name] !== undefined);
  if (!wanted) return undefined;
  const { TEMPORAL_TLS_CLIENT_CERT_DATA: certificate, TEMPORAL_TLS_CLIENT_KEY_DATA: key } = settings;
  return {
    serverName: settings.TEMPORAL_TLS_SERVER_NAME,
    certificates: {
      ca: settings.TEMPORAL_TLS_SERVER_CA_CERT_DATA,
      client: certificate !== undefined && key !== undefined ? { certificate, key } : undefined,
    },
  };
}

function toSwitch(text: TemporalTlsSettings['TEMPORAL_TLS']): boolean | undefined {
  return text === undefined ? undefined : ['on', 'true', '1'].includes(text);
}

/** Whatever could only fail at the first request. `givenAs` tells by which name a value came: itself, or that of its file. */
export function findTlsProblems(settings: TemporalTlsSettings, givenAs: (setting: string) => string): SettingProblem[] {
  const problems: SettingProblem[] = [];
  if (toSwitch(settings.TEMPORAL_TLS) === false) {
    const given = MEANS_TLS.filter((name) => settings[name] !== undefined).map(givenAs);
    if (given.length > 0) {
      const expected = `on, because ${given.join(' and ')} would go unencrypted or mean nothing`;
      problems.push({ setting: 'TEMPORAL_TLS', expected, found: `'${settings.TEMPORAL_TLS}'` });
    }
  }
  const certificate = take('TEMPORAL_TLS_CLIENT_CERT_DATA', toCertificate, 'a certificate in PEM');
  if (certificate && !hasVersion(certificate)) {
    // Node's TLS takes the older ones, that of the worker does not.
    const expected = 'a certificate of X.509 version 3, as every extension makes it';
    problems.push({ setting: givenAs('TEMPORAL_TLS_CLIENT_CERT_DATA'), expected, found: 'one of version 1' });
  }
  const key = take('TEMPORAL_TLS_CLIENT_KEY_DATA', createPrivateKey, 'a private key in PEM, without a passphrase');
  take('TEMPORAL_TLS_SERVER_CA_CERT_DATA', toCertificate, 'a certificate in PEM');
  const { TEMPORAL_TLS_CLIENT_CERT_DATA: hasCertificate, TEMPORAL_TLS_CLIENT_KEY_DATA: hasKey } = settings;
  if ((hasCertificate === undefined) !== (hasKey === undefined)) {
    const [missing, there] = hasKey === undefined ? ['KEY', 'CERT'] : ['CERT', 'KEY'];
    const setting = `TEMPORAL_TLS_CLIENT_${missing}_PATH`;
    problems.push({ setting, expected: `a file, since TEMPORAL_TLS_CLIENT_${there} is given`, found: 'nothing' });
  }
  if (certificate && key && !certificate.checkPrivateKey(key)) {
    const setting = givenAs('TEMPORAL_TLS_CLIENT_KEY_DATA');
    problems.push({ setting, expected: 'the key of the client certificate', found: 'the key of another one' });
  }
  return problems;

  function take<T>(setting: PemSetting, parse: (pem: string) => T, expected: string): T | undefined {
    const pem = settings[setting];
    if (pem === undefined) return undefined;
    try {
      return parse(pem);
    } catch {
      problems.push({ setting: givenAs(setting), expected, found: 'a content that is not shown' });
      return undefined;
    }
  }
}

function toCertificate(pem: string): X509Certificate {
  return new X509Certificate(pem);
}

/** Version 1 is the one that is not written down: the first element of what is signed is then the serial number. */
const VERSION_TAG = 0xa0;

function hasVersion({ raw }: X509Certificate): boolean {
  const signed = skipHeader(raw, 0);
  return raw[skipHeader(raw, signed)] === VERSION_TAG;
}

/** Of a value in DER: tag, then the length in one byte, or in as many as the low bits of that byte say. */
function skipHeader(der: Uint8Array, at: number): number {
  const length = der[at + 1] ?? 0;
  return at + 2 + (length < 0x80 ? 0 : length & 0x7f);
}
