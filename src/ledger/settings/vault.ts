import { z } from 'zod';
import type { CertificateFacts, Credential } from '../../secrets/credential.js';
import { type KeyRing, readKeyId } from '../../secrets/key-ring.js';
import { type AuditActor, type AuditEntry, nameOf } from '../audit/audit.js';
import type { Database, Queryable } from '../database.js';
import {
  type CredentialFacts,
  findCredentials,
  listCredentials,
  openGeneration,
  resealCredential,
  type SealedCredential,
  saveCredential,
  takeCredentials,
} from './credentials.js';

export const CREDENTIAL_NAMES = ['dataverse', 'business-central', 'webhook'] as const;
export type CredentialName = (typeof CREDENTIAL_NAMES)[number];

export interface VaultDependencies {
  readonly database: Database;
  readonly ring: KeyRing;
  /** A credential is bound to it: one that is copied into the ledger of another tenant does not open there. */
  readonly tenantId: string;
  /** Every change of a credential is recorded in its own transaction. */
  readonly audit: (tx: Queryable, entry: Pick<AuditEntry, 'actor' | 'action' | 'facts'>) => Promise<void>;
}

export interface NewSecret {
  readonly name: CredentialName;
  readonly credential: Credential;
  readonly certificate?: CertificateFacts;
  readonly actor: AuditActor;
  /** How long the generation before may still be used; zero when it is in wrong hands. */
  readonly overlapHours: number;
}

/** The credentials in the ledger, sealed there and open only here. */
export interface Vault {
  set(secret: NewSecret): Promise<CredentialFacts>;
  /** What may be used now, the newest first. @throws SealError */
  findCredentials(name: CredentialName): Promise<readonly Credential[]>;
  /** Never a value. */
  list(): Promise<readonly CredentialFacts[]>;
  /** Seals everything with the newest key. @throws SealError, and then nothing has changed. */
  rotate(actor: AuditActor): Promise<{ readonly keyId: string; readonly resealed: number }>;
}

const sealedContent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('secret'), secret: z.string() }),
  z.object({ kind: z.literal('certificate'), thumbprintSha256: z.string(), privateKey: z.string() }),
]);

export function createVault({ database, ring, tenantId, audit }: VaultDependencies): Vault {
  const placeOf = ({ name, generation, kind }: Pick<SealedCredential, 'name' | 'generation' | 'kind'>): string =>
    ['credential', tenantId.toLowerCase(), name, generation, kind].join('/');
  const open = (row: SealedCredential): Buffer => ring.open(row.sealed, placeOf(row));

  return {
    set: ({ name, credential, certificate, actor, overlapHours }) =>
      database.transaction(async (tx) => {
        const generation = await openGeneration(tx, name);
        const { kind } = credential;
        const sealed = ring.seal(Buffer.from(JSON.stringify(credential)), placeOf({ name, generation, kind }));
        const keyId = readKeyId(sealed);
        const facts = { thumbprint: certificate?.thumbprintSha256, expiresAt: certificate?.expiresAt };
        const stored = await saveCredential(
          tx,
          { name, generation, kind, keyId, sealed, setBy: nameOf(actor), ...facts },
          overlapHours,
        );
        await audit(tx, {
          actor,
          action: 'set credential',
          facts: { name, kind, generation, keyId, overlapHours, ...facts },
        });
        return stored;
      }),
    async findCredentials(name) {
      const rows = await findCredentials(database, name);
      return rows.map((row) => sealedContent.parse(JSON.parse(open(row).toString('utf8'))));
    },
    list: () => listCredentials(database),
    rotate: (actor) =>
      database.transaction(async (tx) => {
        const keyId = ring.newestKeyId();
        const old = (await takeCredentials(tx)).filter((row) => row.keyId !== keyId);
        for (const row of old) {
          const sealed = ring.seal(open(row), placeOf(row));
          await resealCredential(tx, { ...row, sealed, keyId: readKeyId(sealed) });
        }
        const names = old.map(({ name, generation }) => `${name} ${generation}`);
        await audit(tx, { actor, action: 'rotate credentials', facts: { keyId, resealed: names } });
        return { keyId, resealed: old.length };
      }),
  };
}
