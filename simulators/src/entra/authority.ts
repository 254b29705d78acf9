import { createHash, createSign, createVerify, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { SimClock } from '../kernel/clock.js';
import { issuerOfV1 } from './discovery.js';
import { selfSign } from './self-signed.js';

export interface TokenClaims {
  readonly aud: string;
  readonly appid: string;
  readonly tid: string;
  readonly exp: number;
  /** Application permissions that an administrator consented to. */
  readonly roles?: readonly string[];
}

/** Of Business Central (reference/business-central 1.3). */
export const APPLICATION_PERMISSION = 'API.ReadWrite.All';

const LIFETIME_S = 3_599;

interface SigningKey {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  readonly certificate: Buffer;
  /** The thumbprint of its certificate, as Entra names its keys. */
  readonly id: string;
}

/** Signs and checks the tokens of the simulated tenant. */
export class TokenAuthority {
  /** The last one signs. */
  private keys: SigningKey[];
  private readonly verified = new Map<string, TokenClaims>();
  /** Of the tokens that are issued from now on, in seconds of the simulated clock. */
  lifetimeS = LIFETIME_S;
  private readonly clock: SimClock;

  constructor(clock: SimClock) {
    this.clock = clock;
    this.keys = [this.makeKey()];
  }

  /**
   * Another key signs from now on, as Entra may do at any moment (learn.microsoft.com, signing-key-rollover).
   * @param isEmergency the ones before are taken back at once, with all that they have signed
   */
  rotate(isEmergency: boolean): readonly string[] {
    this.keys = [...(isEmergency ? [] : this.keys), this.makeKey()];
    this.verified.clear();
    return this.keys.map(({ id }) => id);
  }

  private makeKey(): SigningKey {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const certificate = selfSign(publicKey, privateKey, 'accounts.accesscontrol.windows.net', this.clock.date());
    return { publicKey, privateKey, certificate, id: createHash('sha1').update(certificate).digest('base64url') };
  }

  issue(audience: string, appId: string, tenant: string, roles: readonly string[] = [APPLICATION_PERMISSION]): string {
    return this.sign({ aud: audience, iss: issuerOfV1(tenant), appid: appId, tid: tenant, roles });
  }

  /** Of version 1.0 or 2.0, as the claims say; the times are added. */
  sign(claims: Readonly<Record<string, unknown>>): string {
    const now = Math.floor(this.clock.now() / 1_000);
    const { id, privateKey } = this.keys.at(-1) as SigningKey;
    const header = { typ: 'JWT', alg: 'RS256', x5t: id, kid: id };
    const text = `${encode(header)}.${encode({ ...claims, iat: now, nbf: now, exp: now + this.lifetimeS })}`;
    const signature = createSign('RSA-SHA256').update(text).sign(privateKey).toString('base64url');
    return `${text}.${signature}`;
  }

  /** The claims of a good token; undefined for every other. */
  verify(token: string, audience: string): TokenClaims | undefined {
    const claims = this.verified.get(token) ?? this.read(token);
    if (!claims) return undefined;
    if (this.verified.size > 10_000) this.verified.clear();
    this.verified.set(token, claims);
    const isLive = claims.exp * 1_000 > this.clock.now();
    return isLive && claims.aud === audience ? claims : undefined;
  }

  /** Only the keys of version 2.0 say whose they are. */
  jwks(issuer?: string): object {
    const keys = this.keys.map(({ id, publicKey, certificate }) => {
      const { n, e } = publicKey.export({ format: 'jwk' });
      const named = { kty: 'RSA', use: 'sig', kid: id, x5t: id };
      return { ...named, n, e, x5c: [certificate.toString('base64')], ...(issuer !== undefined && { issuer }) };
    });
    return { keys };
  }

  private read(token: string): TokenClaims | undefined {
    const [header, body, signature] = token.split('.');
    if (!header || !body || !signature) return undefined;
    const isOurs = this.keys.some(({ publicKey }) =>
      createVerify('RSA-SHA256').update(`${header}.${body}`).verify(publicKey, signature, 'base64url'),
    );
    if (!isOurs) return undefined;
    return JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as TokenClaims;
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** The bearer of a request, if its token is good. */
export function readBearer(
  authority: TokenAuthority,
  header: string | undefined,
  audience: string,
): TokenClaims | undefined {
  const token = /^Bearer (.+)$/i.exec(header ?? '')?.[1];
  return token ? authority.verify(token, audience) : undefined;
}
