import { findAgeOfNext, findNewestSeal, findUnsealedAge } from '../ledger/audit/seals.js';
import { findContradiction, type Witness } from '../ledger/audit/witnesses.js';
import type { Database } from '../ledger/database.js';
import { createEnvironmentLedger } from '../ledger/settings/environments.js';
import type { Config } from '../process/config.js';
import { openWitnesses } from '../process/witnesses.js';
import { type Finding, ok, warning, wrong } from './finding.js';
import { toFinding } from './refusals.js';
import { createStep, type Step } from './step.js';

/** Whether the seals of the audit trail are noted outside of the database, and whether what is noted there is what is here. */

/** The trail is sealed each minute and a seal is noted right after: one that was down for a moment is no news. */
const PATIENCE_S = 10 * 60;
/** A place that takes nothing at all is told of while there is little to lose: a folder that is not there, a bucket without lock. */
const PATIENCE_WITH_NEW_S = 2 * 60;

export function examineWitnesses(needs: {
  readonly config: Step<Config>;
  readonly database: Step;
  readonly db: Step<Database>;
}): Step<true> {
  return createStep('audit witnesses', needs, async ({ config, db }) => {
    const witnesses = openWitnesses(config, db);
    if (witnesses.length === 0) return { value: true, findings: [await toMissing(db)] };
    const findings = witnesses.map((witness) =>
      examineWitness(db, witness).catch((error: unknown) => toFinding(witness.name, error)),
    );
    return {
      value: true,
      findings: [...(await findUnsealed(db)), ...(await Promise.all(findings)), ...findWeakness(config)],
    };
  });
}

/** A token stands in the ledger that it is of: whoever takes away both leaves no trace. */
function findWeakness({ witnesses: { file, bucket } }: Config): Finding[] {
  if (file !== undefined || bucket !== undefined) return [];
  const found = 'time stamps alone: they do not find an end that was cut off, or a database that was put back';
  return [warning('witness', found, 'Set AUDIT_WITNESS_FILE or AUDIT_BUCKET_URL as well (docs/audit.md, Witnesses).')];
}

async function toMissing(db: Database): Promise<Finding> {
  const environments = await createEnvironmentLedger(db).list();
  const types = environments.flatMap(({ system, identity }) =>
    system === 'business-central' ? [identity['environmentType'] ?? 'unknown'] : [],
  );
  const found = 'none: whoever owns the database can cut off the end of the trail, or put all of it back';
  const advice = 'Set AUDIT_WITNESS_FILE or AUDIT_BUCKET_URL, away from the database (docs/audit.md, Witnesses).';
  // An environment that does not tell its type is one to be careful with.
  return types.some((type) => type !== 'Sandbox')
    ? wrong('witness', `${found}; production needs one`, advice)
    : warning('witness', found, advice);
}

/** What is not sealed goes to no witness. */
async function findUnsealed(db: Database): Promise<Finding[]> {
  const age = await findUnsealedAge(db, await findNewestSeal(db));
  if (age === undefined || age < PATIENCE_S) return [];
  const found = `entries of the trail have not been sealed for ${Math.floor(age / 60)} min`;
  const advice = `Start the starter with FEEDS=on: it makes the schedule that seals each minute; \`dealbridge audit seal\` seals now.`;
  return [warning('seals', found, advice)];
}

async function examineWitness(db: Database, witness: Witness): Promise<Finding> {
  const newest = await findNewestSeal(db);
  const last = await witness.findLast(newest?.number ?? '0');
  const [contradiction] = last ? await findContradiction(db, witness.name, [last]) : [];
  if (contradiction) {
    const advice =
      'Run `dealbridge audit verify`: it names what is wrong. No seal is noted there until it is explained.';
    return wrong(witness.name, `seal ${contradiction.position}: ${contradiction.text}`, advice);
  }
  if (!newest) return ok(witness.name, 'empty: nothing has been sealed yet');
  const age = await findAgeOfNext(db, last?.number ?? '0');
  const isPrompt = age === undefined || age < (last ? PATIENCE_S : PATIENCE_WITH_NEW_S);
  if (isPrompt) return ok(witness.name, last ? `has seal ${last.number}` : 'empty: the first seal is on its way');
  const behind = BigInt(newest.number) - BigInt(last?.number ?? '0');
  return warning(
    witness.name,
    last ? toLacking(behind) : toNone(behind),
    'See what the worker logs of it; `dealbridge audit seal` tries now.',
  );
}

function toLacking(behind: bigint): string {
  return behind === 1n ? 'lacks the newest seal' : `lacks the newest ${behind} seals`;
}

function toNone(all: bigint): string {
  return all === 1n ? 'does not have the one seal that there is' : `has none of the ${all} seals`;
}
