import { createBucket } from '../clients/object-storage/bucket.js';
import { createWitnessFile } from '../ledger/audit/witness-file.js';
import { type Noting, noteSeals, type Witness } from '../ledger/audit/witnesses.js';
import type { Database } from '../ledger/database.js';
import type { Config } from './config.js';
import { createWitnessBucket } from './witness-bucket.js';

/** Where seals are noted outside of the database. */

const TIMEOUT_MS = 10_000;

export function openWitnesses({ witnesses: { file, bucket } }: Pick<Config, 'witnesses'>): readonly Witness[] {
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
  ];
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
