import { ApplicationFailure } from '@temporalio/common';
import type { SourceRecord } from '../../ledger/deals/records.js';
import type { StoredMapping } from '../../ledger/settings/mappings.js';
import type { Rules } from '../../mapping/rules/rules.js';
import { refuse } from '../remote/failures.js';

/** Which rules a record is read and compared by: today's, or with the mapping that a person wants (`replay --mapping`). */
export interface RulesOfRecords {
  readonly today: Rules;
  /** @throws ApplicationFailure when the ledger has no such mapping, or this program cannot read it any more */
  withHash(mappingHash: string): Promise<Rules>;
  /** Of a record that is read to be handed over. @throws ApplicationFailure as {@link withHash} */
  toHandOver(record: MappedRecord | undefined): Promise<Rules>;
  /** By which the document was made: by another mapping the same deal would look changed. */
  ofDocument(record: MappedRecord | undefined): Promise<Rules>;
}

type MappedRecord = Pick<SourceRecord, 'wantedMapping' | 'mappingHash'>;

export interface RulesOfRecordsOptions {
  readonly today: Rules;
  readonly findMapping: (hash: string) => Promise<StoredMapping | undefined>;
  /** Throws when this version of the program does not know a rule of it. */
  readonly withMappingOf: (today: Rules, stored: StoredMapping) => Rules;
}

export function createRulesOfRecords({ today, findMapping, withMappingOf }: RulesOfRecordsOptions): RulesOfRecords {
  // A mapping never changes under its hash.
  const read = new Map<string, Rules>([[today.mappingHash, today]]);
  async function withHash(hash: string): Promise<Rules> {
    const known = read.get(hash);
    if (known) return known;
    const stored = await findMapping(hash);
    if (!stored) throw refuse('mapping-unknown', `the ledger has no mapping ${hash}`);
    const rules = orRefuse(() => withMappingOf(today, stored));
    read.set(hash, rules);
    return rules;
  }
  return {
    today,
    withHash,
    toHandOver: (record) => withHash(record?.wantedMapping ?? today.mappingHash),
    // A document that is posted is followed, also when nobody can read its mapping any more.
    ofDocument: (record) =>
      withHash(record?.mappingHash ?? today.mappingHash).catch((error: unknown) => {
        if (error instanceof ApplicationFailure) return today;
        throw error;
      }),
  };
}

function orRefuse(combine: () => Rules): Rules {
  try {
    return combine();
  } catch (error) {
    throw refuse('mapping-unknown', error instanceof Error ? error.message : String(error));
  }
}
