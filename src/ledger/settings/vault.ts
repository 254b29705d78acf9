import { z } from 'zod';
import { APPLICATION_NAME } from '../../deal/companies.js';
import type { CertificateFacts, Credential } from '../../secrets/credential.js';
import { type KeyRing, readKeyId, SealError } from '../../secrets/key-ring.js';
import { type AuditActor, type AuditEntry, nameOf } from '../audit/audit.js';
import type { Database, Queryable } from '../database.js';
import {
  type CredentialFacts,
  dropCredential,
  findCredentials,
  listCredentials,
  openGeneration,
  resealCredential,
  type SealedCredential,
  saveCredential,
  takeCredentials,
} from './credentials.js';

export const CREDENTIAL_NAMES = ['dataverse', 'business-central', 'webhook', 'desk'] as const;
export type SystemCredential = (typeof CREDENTIAL_NAMES)[number];
/** Further app registrations of Business Central are named in the rules. */
export type CredentialName = SystemCredential | ApplicationCredential;
export type ApplicationCredential = `business-central-${string}`;

export function toApplicationCredential(application: string): ApplicationCredential {
  return `business-central-${application}`;
}

export function isCredentialName(name: string): name is CredentialName {
  const [, application] = /^business-central-(.*)$/.exec(name) ?? [];
  return application === undefined
    ? (CREDENTIAL_NAMES as readonly string[]).includes(name)
    : APPLICATION_NAME.test(application);
}

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

export interface StoredCredential extends CredentialFacts {
  /** Generations that counted until now, and no more: only the one before the newest is kept. */
  readonly ended: readonly number[];
}

/** The credentials in the ledger, sealed there and open only here. */
export interface Vault {
  set(secret: NewSecret): Promise<StoredCredential>;
  /** What may be used now, the newest first. @throws SealError */
  findCredentials(name: CredentialName): Promise<readonly Credential[]>;
  /** Takes a generation back; the one before it has no end any more. */
  forget(credential: {
    readonly name: CredentialName;
    readonly generation: number;
    readonly actor: AuditActor;
  }): Promise<void>;
  /** Never a value. */
  list(): Promise<readonly CredentialFacts[]>;
  /** Seals everything with the newest key. @throws SealError, and then nothing has changed. */
  rotate(actor: AuditActor): Promise<{ readonly keyId: string; readonly resealed: number }>;
}

const HOUR_MS = 3_600_000;

const sealedContent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('secret'), secret: z.string() }),
  z.object({ kind: z.literal('certificate'), thumbprintSha256: z.string(), privateKey: z.string() }),
]);

export function createVault({ database, ring, tenantId, audit }: VaultDependencies): Vault {
  // Every column of the row, so that none of them can be changed: above all not until when it counts. What is sealed names
  // its key itself.
  const placeOf = (row: CredentialFacts): string =>
    JSON.stringify([
      'credential',
      tenantId.toLowerCase(),
      row.name,
      row.generation,
      row.kind,
      row.thumbprint ?? null,
      row.expiresAt ?? null,
      row.setAt,
      row.setBy,
      row.validUntil ?? null,
    ]);
  const open = (row: SealedCredential): Buffer => {
    try {
      if (readKeyId(row.sealed) !== row.keyId) throw new SealError('does-not-open', row.keyId);
      return ring.open(row.sealed, placeOf(row));
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      throw new SealError(error.code, error.keyId, `credential '${row.name}'`);
    }
  };
  const seal = (plain: Buffer, facts: CredentialFacts): SealedCredential => {
    const sealed = ring.seal(plain, placeOf(facts));
    return { ...facts, sealed, keyId: readKeyId(sealed) };
  };

  /** The one before counts until then; one that nobody can open any more does not count at all. */
  async function endGeneration(tx: Queryable, before: SealedCredential, validUntil: Date): Promise<void> {
    let plain: Buffer;
    try {
      plain = open(before);
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      return dropCredential(tx, before);
    }
    await resealCredential(tx, seal(plain, { ...before, validUntil }));
  }

  return {
    set: ({ name, credential, certificate, actor, overlapHours }) =>
      database.transaction(async (tx) => {
        const { generation, now, before } = await openGeneration(tx, name);
        const { kind } = credential;
        const facts = { thumbprint: certificate?.thumbprintSha256, expiresAt: certificate?.expiresAt };
        const row = seal(Buffer.from(JSON.stringify(credential)), {
          name,
          generation,
          kind,
          keyId: ring.newestKeyId(),
          setAt: now,
          setBy: nameOf(actor),
          validUntil: undefined,
          ...facts,
        });
        if (before) await endGeneration(tx, before, new Date(now.getTime() + overlapHours * HOUR_MS));
        const ended = await saveCredential(tx, row);
        const { sealed: _sealed, ...stored } = row;
        const { keyId } = stored;
        await audit(tx, {
          actor,
          action: 'set credential',
          facts: { name, kind, generation, keyId, overlapHours, ...(ended.length > 0 && { ended }), ...facts },
        });
        return { ...stored, ended };
      }),
    forget: ({ name, generation, actor }) =>
      database.transaction(async (tx) => {
        const { before: newest } = await openGeneration(tx, name);
        if (newest?.generation !== generation) return;
        await dropCredential(tx, { name, generation });
        const [older] = await findCredentials(tx, name);
        if (older) await resealCredential(tx, seal(open(older), { ...older, validUntil: undefined }));
        await audit(tx, { actor, action: 'forget credential', facts: { name, generation } });
      }),
    async findCredentials(name) {
      const rows = await findCredentials(database, name);
      const [, ...older] = rows;
      // A row of before, put back as it was when it was the newest, opens; but two without an end there never are.
      const ended = older.find((row) => row.validUntil === undefined);
      if (ended) throw new SealError('does-not-open', ended.keyId);
      return rows.map((row) => sealedContent.parse(JSON.parse(open(row).toString('utf8'))));
    },
    list: () => listCredentials(database),
    rotate: (actor) =>
      database.transaction(async (tx) => {
        const keyId = ring.newestKeyId();
        const old = (await takeCredentials(tx)).filter((row) => row.keyId !== keyId);
        for (const row of old) {
          await resealCredential(tx, seal(open(row), row));
        }
        const names = old.map(({ name, generation }) => `${name} ${generation}`);
        await audit(tx, { actor, action: 'rotate credentials', facts: { keyId, resealed: names } });
        return { keyId, resealed: old.length };
      }),
  };
}
