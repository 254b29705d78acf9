import { X509Certificate } from 'node:crypto';

/** PEM, one or more. @throws of Node's own when one of them is no certificate, or none is there */
export function parseCertificates(pem: string): X509Certificate[] {
  const parts = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [pem];
  return parts.map((part) => new X509Certificate(part));
}
