import { createHash, randomUUID } from 'node:crypto';
import { guidFrom } from '../kernel/random.js';
import type { TokenAuthority } from './authority.js';
import type { Redeemed } from './sign-in.js';

/** The version 2.0 tokens of an app that people sign in to, and of other apps that call it. */

export interface OwnApi {
  readonly authority: TokenAuthority;
  readonly issuer: string;
  readonly tenant: string;
  readonly clientId: string;
}

/** `api://<client id>/…` or `<client id>/…`: a scope of the app's own API. */
export function apiOf(scope: string): string | undefined {
  return /^(?:api:\/\/)?([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})\/[\w.-]+$/i.exec(scope)?.[1]?.toLowerCase();
}

/** What the token endpoint answers to a code. */
export function toUserTokens(
  { authority, issuer, tenant, clientId }: OwnApi,
  { user, scope, nonce }: Redeemed,
): object {
  const who = {
    iss: issuer,
    tid: tenant,
    oid: user.id,
    // Another one in each app, so that two apps cannot compare their users.
    sub: createHash('sha256').update(`${user.id} ${clientId}`).digest('base64url'),
    name: user.name,
    preferred_username: user.userName,
    ver: '2.0',
    uti: randomUUID(),
    ...(user.roles.length > 0 && { roles: user.roles }),
    ...(user.groups.length > 0 && { groups: user.groups }),
  };
  const scopes = scope.split(' ').filter((one) => one !== '');
  const ofApi = scopes.filter((one) => apiOf(one) !== undefined);
  const idToken = authority.sign({ ...who, aud: clientId, ...(nonce !== undefined && { nonce }) });
  const api = apiOf(ofApi[0] ?? '');
  const accessToken = authority.sign({
    ...who,
    // Without a scope of an API it is for Microsoft Graph, and nobody else can use it.
    aud: api ?? '00000003-0000-0000-c000-000000000000',
    azp: clientId,
    scp: ofApi.map((one) => one.split('/').at(-1)).join(' '),
  });
  return {
    token_type: 'Bearer',
    scope,
    expires_in: authority.lifetimeS,
    ext_expires_in: authority.lifetimeS,
    access_token: accessToken,
    ...(scopes.includes('openid') && { id_token: idToken }),
  };
}

/** An app without a person: `roles` are the app roles that an admin consented to. */
export function toAppToken(
  { authority, issuer, tenant, clientId }: OwnApi,
  audience: string,
  roles: readonly string[],
): string {
  const objectId = guidFrom(`service principal ${clientId}`);
  return authority.sign({
    iss: issuer,
    tid: tenant,
    aud: audience,
    azp: clientId,
    azpacr: '1',
    oid: objectId,
    sub: objectId,
    idtyp: 'app',
    ver: '2.0',
    uti: randomUUID(),
    ...(roles.length > 0 && { roles }),
  });
}
