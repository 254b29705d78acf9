import { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';
import type { SourceRecord } from '../../ledger/deals/records.js';
import type { StoredMapping } from '../../ledger/settings/mappings.js';
import type { Rules } from '../../mapping/rules/rules.js';
import { refuse } from '../remote/failures.js';

/** Which rules a step goes by: today's, or with the mapping that a person wants for the record (`replay --mapping`). */
export interface RulesOfRecords {
  readonly today: Rules;
  /** @throws ApplicationFailure when the mapping that is wanted is not there or not readable any more. */
  of(record: MappedRecord | undefined): Promise<Rules>;
  /** Today's then: a deal that may not be drafted may still be cancelled, posted and followed. */
  orToday(record: MappedRecord | undefined): Promise<Rules>;
  /** By which the document was made: by another mapping the same deal would look changed. */
  ofDocument(record: MappedRecord | undefined): Promise<Rules>;
}

type MappedRecord = Pick<SourceRecord, 'wantedMapping' | 'mappingHash'>;

export interface RulesOfRecordsOptions {
  readonly today: Rules;
  readonly findMapping: (hash: string) => Promise<StoredMapping | undefined>;
  /** Throws when this version of the program does not know a rule of it. */
  readonly withMappingOf: (today: Rules, kept: StoredMapping) => Rules;
}

export function createRulesOfRecords({ today, findMapping, withMappingOf }: RulesOfRecordsOptions): RulesOfRecords {
  // A mapping never changes under its hash.
  const read = new Map<string, Rules>([[today.mappingHash, today]]);
  async function withHash(hash: string): Promise<Rules> {
    const known = read.get(hash);
    if (known) return known;
    const kept = await findMapping(hash);
    if (!kept) throw refuse('mapping-unknown', `the ledger has no mapping ${hash}`);
    const rules = orRefuse(() => withMappingOf(today, kept));
    read.set(hash, rules);
    return rules;
  }
  const orTodays = (rules: Promise<Rules>): Promise<Rules> =>
    rules.catch((error: unknown) => {
      if (error instanceof ApplicationFailure) return today;
      throw error;
    });
  const of = (record: MappedRecord | undefined) => withHash(record?.wantedMapping ?? today.mappingHash);
  return {
    today,
    of,
    orToday: (record) => orTodays(of(record)),
    ofDocument: (record) => orTodays(withHash(record?.mappingHash ?? today.mappingHash)),
  };
}

function orRefuse(combine: () => Rules): Rules {
  try {
    return combine();
  } catch (error) {
    throw refuse('mapping-unknown', error instanceof Error ? error.message : String(error));
  }
}

/** An activity as the worker calls it; what it takes is its own affair. */
export type Step = (input: never) => Promise<unknown>;
export type StepsOf<Names> = { readonly [Name in keyof Names]: Step };

const concerned = z
  .object({
    recordId: z.string().optional(),
    ref: z.object({ recordId: z.string() }).optional(),
    companyId: z.string().optional(),
  })
  .catch({});

/** What the input of a step names. */
export interface Concerned {
  readonly recordId: string | undefined;
  readonly companyId: string | undefined;
}

/** The same steps several times over: each call goes to those that its input asks for. */
export function routeSteps<Steps extends StepsOf<Steps>>(
  names: readonly (keyof Steps)[],
  choose: (concerned: Concerned, name: keyof Steps) => Promise<Steps>,
): Steps {
  const route = <Name extends keyof Steps>(name: Name) => {
    const routed: Step = async (input) => {
      const { recordId, ref, companyId } = concerned.parse(input);
      const steps = await choose({ recordId: recordId ?? ref?.recordId, companyId }, name);
      return steps[name](input);
    };
    return routed;
  };
  // Each step takes and gives what the step of that name does, whichever is chosen.
  return Object.fromEntries(names.map((name) => [name, route(name)])) as Steps;
}

/** Only what begins a hand-over is refused for want of its mapping. */
const BEGINNINGS: ReadonlySet<PropertyKey> = new Set(['readDeal', 'recallDeal']);
const COMPARISON = 'checkRecord';

/** Steps that go by the rules of the record that they are about. */
export function byRulesOfRecord<Steps extends StepsOf<Steps>>(
  rules: RulesOfRecords,
  findRecord: (recordId: string) => Promise<SourceRecord | undefined>,
  create: (rules: Rules) => Steps,
): Steps {
  const made = new Map<string, Steps>();
  const stepsOf = (wanted: Rules): Steps => {
    const steps = made.get(wanted.mappingHash) ?? create(wanted);
    made.set(wanted.mappingHash, steps);
    return steps;
  };
  const names = Object.keys(stepsOf(rules.today)) as (keyof Steps)[];
  return routeSteps<Steps>(names, async ({ recordId }, name) => {
    const record = recordId === undefined ? undefined : await findRecord(recordId);
    if (BEGINNINGS.has(name)) return stepsOf(await rules.of(record));
    return stepsOf(await (name === COMPARISON ? rules.ofDocument(record) : rules.orToday(record)));
  });
}
