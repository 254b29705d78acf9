import { createBucket } from '../clients/object-storage/bucket.js';
import { createWitnessFile } from '../ledger/audit/witness-file.js';
import { type Noting, noteSeals, type Witness } from '../ledger/audit/witnesses.js';
import type { Database } from '../ledger/database.js';
import type { Config } from './config.js';
import { createWitnessBucket } from './witness-bucket.js';
import { createWitnessStamps } from './witness-stamps.js';

/** Where seals are noted outside of the database, or stamped by somebody outside. */

const TIMEOUT_MS = 10_000;

export function openWitnesses(
  { witnesses: { file, bucket, timeStamps } }: Pick<Config, 'witnesses'>,
  database: Database,
): readonly Witness[] {
  return [
    ...(file === undefined ? [] : [createWitnessFile(file)]),
    ...(bucket === undefined
      ? []
      : [
          createWitnessBucket(createBucket({ ...bucket, timeoutMs: TIMEOUT_MS }), {
            name: `bucket ${bucket.url}`,
            retentionDays: bucket.retentionDays,
          }),
        ]),
    ...(timeStamps === undefined
      ? []
      : [createWitnessStamps(database, () => openAuthority(timeStamps), `authority ${timeStamps.url}`)]),
  ];
}

/** What reads the tokens is ten megabytes, which a process without an authority does not load. */
async function openAuthority(options: { readonly url: string; readonly certificates: string }) {
  const { createTimeStampAuthority } = await import('../clients/time-stamp/authority.js');
  return createTimeStampAuthority({ ...options, timeoutMs: TIMEOUT_MS });
}

/** All of them, whatever becomes of one. */
export function noteAt(
  database: Database,
  witnesses: readonly Witness[],
): Promise<readonly (Noting | { readonly witness: string; readonly problem: string })[]> {
  return Promise.all(
    witnesses.map((witness) =>
      noteSeals(database, witness).catch((error: unknown) => ({
        witness: witness.name,
        problem: error instanceof Error ? error.message : String(error),
      })),
    ),
  );
}
