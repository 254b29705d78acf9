import { createHash, randomUUID, X509Certificate } from 'node:crypto';
import { importPKCS8, SignJWT } from 'jose';
import { afterAll, beforeAll } from 'vitest';
import type { SigningCertificate } from '../../support/signing-certificate.js';
import { type Answer, askForm } from '../ask.js';
import { skipCase } from '../record.js';

export interface EntraUnderTest {
  /** `https://login.microsoftonline.com` */
  readonly origin: string;
  /** The id of the tenant. */
  readonly tenant: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** `https://<resource>/.default` */
  readonly scope: string;
  /** Registered for the app; without one, cases that sign an assertion are skipped. */
  readonly signing?: SigningCertificate | undefined;
  close(): Promise<void>;
}

export type EntraRequests = ReturnType<typeof openRequests>;

type Fields = Readonly<Record<string, string | undefined>>;

interface Assertion {
  readonly header?: Readonly<Record<string, string | undefined>>;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly algorithm?: 'PS256' | 'RS256';
}

/** What every part of the contract asks with; the tenant is opened once, before the first test. */
export function openRequests(open: () => Promise<EntraUnderTest>) {
  let opened: EntraUnderTest | undefined;
  beforeAll(async () => {
    opened = await open();
  });
  afterAll(() => opened?.close());

  const tenant = (): EntraUnderTest => {
    if (!opened) throw new Error('the tenant is opened before the first test');
    return opened;
  };

  const endpoint = (): string => `${tenant().origin}/${tenant().tenant}/oauth2/v2.0/token`;

  /** A POST to the token endpoint; `undefined` leaves a field out. */
  function token(fields: Fields = {}, headers: Record<string, string> = {}, at = endpoint()): Promise<Answer> {
    const { clientId, clientSecret, scope } = tenant();
    const complete = {
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
      scope,
      ...fields,
    };
    return askForm(at, complete, headers);
  }

  const get = (path: string): Promise<Answer> => askForm(`${tenant().origin}/${path}`);

  function signing(): SigningCertificate {
    const known = tenant().signing;
    if (!known) skipCase('no certificate is registered for the app');
    return known ?? { certificate: '', privateKey: '' };
  }

  async function assertion({ header = {}, claims = {}, algorithm = 'PS256' }: Assertion = {}): Promise<string> {
    const { certificate, privateKey } = signing();
    const { clientId } = tenant();
    const now = Math.floor(Date.now() / 1_000);
    const thumbprint = createHash('sha256').update(new X509Certificate(certificate).raw).digest('base64url');
    const key = await importPKCS8(privateKey, algorithm);
    return new SignJWT({
      aud: endpoint(),
      iss: clientId,
      sub: clientId,
      jti: randomUUID(),
      nbf: now,
      exp: now + 300,
      ...claims,
    })
      .setProtectedHeader({ alg: algorithm, typ: 'JWT', 'x5t#S256': thumbprint, ...header })
      .sign(key);
  }

  const withAssertion = (client_assertion: string): Promise<Answer> =>
    token({
      client_secret: undefined,
      client_assertion,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    });

  return { tenant, signing, endpoint, token, get, assertion, withAssertion };
}
