import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SigningCertificate {
  /** PEM, both. */
  readonly certificate: string;
  readonly privateKey: string;
}

/** With which an app signs its assertions; made afresh, as certificates that stand in a repository expire. */
export function createSigningCertificate(newKey: readonly string[] = ['rsa:2048']): SigningCertificate {
  const folder = mkdtempSync(join(tmpdir(), 'dealbridge-certificate-'));
  try {
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
    const made = ['-x509', '-newkey', ...newKey, '-nodes', '-days', '2', '-subj', '/CN=dealbridge'];
    execFileSync('openssl', ['req', ...made, '-keyout', key, '-out', certificate], { stdio: 'pipe' });
    return { certificate: readFileSync(certificate, 'utf8'), privateKey: readFileSync(key, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
