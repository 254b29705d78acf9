import type { z } from 'zod';
import { type Actor, isPersonName } from '../deal/actor.js';
import type { AuditAction } from '../deal/audit-actions.js';
import { InternalError, NotAllowedError, UserError } from '../deal/errors.js';
import { isBroken } from '../deal/strict-schema.js';
import { type Act, isAllowed, READING_ACTS, rolesFor } from '../identity/permissions.js';
import type { Person } from '../identity/person.js';
import type { AuditEntry } from '../ledger/audit/audit.js';
import { SYSTEM_CHAIN } from '../ledger/audit/audit.js';
import { toUserError } from './input-faults.js';

/**
 * What people do: every act is one of these, so that permission, parsing of the input and the entry in the audit trail
 * stand in one place. Command line, API and web desk are adapters over it.
 */
export interface Operation<Dependencies, Input, Result> {
  (dependencies: Dependencies, person: Person, input: Input): Promise<Result>;
  /** Its row in the table of permissions. */
  readonly act: Act;
}

interface UnrecordedDefinition<Dependencies, Schema extends z.ZodType, Result> {
  readonly act: Act;
  readonly record?: undefined;
  readonly input: Schema;
  readonly run: (dependencies: Dependencies, input: z.output<Schema>, actor: Actor, person: Person) => Promise<Result>;
}

interface RecordedDefinition<Dependencies, Schema extends z.ZodType, Result>
  extends Omit<UnrecordedDefinition<Dependencies, Schema, Result>, 'act' | 'record'> {
  readonly act: Act & AuditAction;
  /** The entry of an act that changes something and does not record it itself, as a decision does in its workflow. */
  readonly record: (input: z.output<Schema>, result: Result) => Partial<Pick<AuditEntry, 'recordId' | 'facts'>>;
}

type Definition<Dependencies, Schema extends z.ZodType, Result> =
  | UnrecordedDefinition<Dependencies, Schema, Result>
  | RecordedDefinition<Dependencies, Schema, Result>;

/** Only an act that is recorded here needs the trail. */
export interface Recording {
  readonly audit: (entry: AuditEntry) => Promise<void>;
}

export function defineOperation<Dependencies extends object, Schema extends z.ZodType, Result>(
  definition: Definition<Dependencies, Schema, Result>,
): Operation<Dependencies & Partial<Recording>, z.input<Schema>, Result> {
  const { act, run } = definition;
  const operation = async (
    dependencies: Dependencies & Partial<Recording>,
    person: Person,
    input: z.input<Schema>,
  ): Promise<Result> => {
    ensureNamed(person, act);
    if (!isAllowed(act, person.roles)) {
      const found = person.roles.join(', ') || 'none';
      throw new NotAllowedError(
        `${person.name} may not ${act}: expected the role ${rolesFor(act).join(' or ')}, got ${found}`,
      );
    }
    const parsed = parseInput(definition.input, input);
    const { roles: _roles, ...actor } = person;
    const result = await run(dependencies, parsed, actor, person);
    if (definition.record) {
      if (!dependencies.audit) throw new InternalError(`'${act}' is recorded, so it needs the audit trail`);
      const { recordId = SYSTEM_CHAIN, facts } = definition.record(parsed, result);
      await dependencies.audit({ recordId, actor, action: definition.act, ...(facts && { facts }) });
    }
    return result;
  };
  return Object.assign(operation, { act });
}

const MAX_NAME_LENGTH = 100;

/** No decision counts without a name (I10), and nobody acts in a name that the trail has for Dealbridge itself. */
function ensureNamed({ name }: Person, act: Act): void {
  if (name.trim() === '' || name.length > MAX_NAME_LENGTH) {
    throw new UserError('by', `the name of who acts, of at most ${MAX_NAME_LENGTH} characters`, name);
  }
  if (!READING_ACTS.has(act) && !isPersonName(name)) throw new UserError('by', 'the name of a person', name);
}

/** @throws UserError that names every field that does not fit */
function parseInput<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const broken = findBroken(input);
  // Not shown: no terminal and no log line takes it as it is.
  if (broken !== undefined) throw new UserError(broken.join('.') || 'input', 'a text without broken characters');
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw toUserError(parsed.error, input, 'input');
}

/** Where a text stands that the ledger could not keep: written first and refused by the trail, it would be a change without an entry (I4). */
function findBroken(input: unknown): readonly string[] | undefined {
  if (typeof input === 'string') return isBroken(input) ? [] : undefined;
  if (typeof input !== 'object' || input === null) return undefined;
  for (const [key, value] of Object.entries(input)) {
    const broken = isBroken(key) ? [] : findBroken(value);
    if (broken !== undefined) return isBroken(key) ? broken : [key, ...broken];
  }
  return undefined;
}
