import type { Database } from '../ledger/database.js';
import {
  compareMigrations,
  findRestore,
  listChangeableTrail,
  listMissingRights,
  listSleepingTriggers,
  readDatabaseFacts,
} from '../ledger/upkeep/probe.js';
import { findDatabaseProblem, findDatabaseTrouble } from '../process/database-problems.js';
import { toShownError } from '../process/log.js';
import { type Finding, listed, notChecked, ok, warning, wrong } from './finding.js';
import { createStep, type Step } from './step.js';

/** The ledger's database: there, new enough, migrated, and ours to write but not to rewrite. */

const OLDEST = 130_000;
/** Worker, starter, its page Health while it examines, and a command: five connections each. */
const WANTED_CONNECTIONS = 20;

export function examineDatabase(database: Step<Database>): Step<true> {
  return createStep('database', { database }, async ({ database: db }) => {
    const facts = await readDatabaseFacts(db).catch((error: unknown) => {
      const problem = findDatabaseProblem(error);
      if (problem !== undefined)
        return wrong('reachable', problem, 'Correct DATABASE_URL (docs/operations.md, PostgreSQL elsewhere).');
      const trouble = findDatabaseTrouble(error);
      if (trouble !== undefined) return wrong('usable', `no: ${trouble.found}`, trouble.advice);
      const { type, code } = toShownError(error);
      return wrong('reachable', `no (${code ?? type})`, 'Start PostgreSQL, or correct the host in DATABASE_URL.');
    });
    if ('check' in facts) return { findings: [facts] };
    const isOld = facts.versionNumber < OLDEST;
    const findings: Finding[] = [
      isOld
        ? wrong('version', facts.version, 'Upgrade PostgreSQL to 13 or later.')
        : ok('version', `PostgreSQL ${facts.version}, role ${facts.role}`),
    ];
    const { missing, unknown } = await compareMigrations(db);
    if (missing.length > 0) {
      const advice = 'Run `dealbridge ledger migrate` with the DATABASE_URL of the owner of the tables.';
      findings.push(wrong('migrations', `not applied: ${listed(missing)}`, advice));
      return { findings };
    }
    findings.push(
      unknown.length > 0
        ? warning('migrations', `the database is ahead: ${listed(unknown)}`, 'Deploy the newer version here as well.')
        : ok('migrations', 'all applied'),
      examineWrites(facts.isReadOnly),
      await examineRights(db, facts.role),
      await examineTrail(db, facts.role),
      toFree(facts.maxConnections, facts.usedConnections),
    );
    const restoredAt = await findRestore(db);
    if (restoredAt) {
      const found = `said at ${restoredAt.toISOString()}: each write costs a look-up more`;
      const advice = 'When every deal of the gap is known again, `dealbridge ledger restored --clear`.';
      findings.push(warning('restored', found, advice));
    }
    return { value: true, findings };
  });
}

/** Whether there is room on the disk shows only in a write; the log says so then. */
function examineWrites(isReadOnly: boolean): Finding {
  if (!isReadOnly) return ok('writes', 'the database is not read-only');
  const advice = 'Point DATABASE_URL at the primary, or see who set default_transaction_read_only.';
  return wrong('writes', 'none: transactions are read-only here', advice);
}

async function examineRights(db: Database, role: string): Promise<Finding> {
  const missing = await listMissingRights(db);
  if (missing.length === 0) return ok('rights', 'reads and writes all tables');
  return wrong(
    'rights',
    `${role} may not use ${listed(missing)}`,
    'Run `dealbridge ledger migrate` with the DATABASE_URL of the owner of the tables: it grants them.',
  );
}

async function examineTrail(db: Database, role: string): Promise<Finding> {
  const asleep = await listSleepingTriggers(db);
  if (asleep.length > 0) {
    const advice = 'As the owner, ALTER TABLE … ENABLE TRIGGER …, then run `dealbridge audit verify`.';
    return wrong('audit trail', `triggers that are off or gone: ${listed(asleep)}`, advice);
  }
  const changeable = await listChangeableTrail(db);
  if (changeable.length === 0) return ok('audit trail', `${role} may only add to it`);
  const advice = 'Run the program as dealbridge_app instead of the owner: docs/audit.md, Rights.';
  return warning('audit trail', `only triggers keep ${role} from changing ${listed(changeable)}`, advice);
}

function toFree(most: number, used: number): Finding {
  const free = most - used;
  if (most === 0) return notChecked('connections', 'the server does not tell');
  const found = `${free} of ${most} are free`;
  const advice = `Raise max_connections: worker, starter and commands take ${WANTED_CONNECTIONS}.`;
  return free < WANTED_CONNECTIONS && most >= WANTED_CONNECTIONS
    ? warning('connections', found, advice)
    : ok('connections', found);
}
