import { ACTOR_SOURCES, type Actor, isPersonName } from './actor.js';
import type { ChangeHint } from './change-hints.js';
import type { Figures } from './deal.js';
import type { Replay } from './replay.js';
import {
  DecisionError,
  flag,
  listOf,
  matching,
  oneOf,
  optional,
  ROOT,
  type Schema,
  strictObject,
  text,
} from './strict-schema.js';

/**
 * What people and programs send to running workflows. An input that does not fit is refused whole, with the field, what was
 * found and what would be right (I10).
 */

export interface Confirmation {
  readonly actor: Actor;
  readonly note: string | undefined;
  /** The figures that were seen: they must be the draft's, all of them (I2). */
  readonly figures: Figures;
}

export interface Ending {
  readonly actor: Actor;
  readonly reason: string;
}

export interface Rejection extends Ending {
  /** The figures that were seen, when they were: then they must be the draft's. */
  readonly figures: Figures | undefined;
}

const MAX_NAME_LENGTH = 100;
const MAX_TEXT_LENGTH = 2_000;

const nameText = text(MAX_NAME_LENGTH);
const name: Schema<string> = (input, field) => {
  const read = nameText(input, field);
  if (!isPersonName(read)) throw new DecisionError(field, 'the name of a person', input);
  return read;
};
const freeText = text(MAX_TEXT_LENGTH);

/** Our own programs name the whole actor; a person with Temporal's tools gives a name, which nobody proved. */
const by: Schema<string | undefined> = (input, field, beside) => {
  if (beside?.['actor'] === undefined) return name(input, field);
  if (input !== undefined) throw new DecisionError(field, 'nothing beside actor', input);
  return undefined;
};
const decider = {
  by,
  actor: optional(
    strictObject({
      ...{ name, source: oneOf(ACTOR_SOURCES), isVerified: flag },
      ...{ personId: optional(freeText), proof: optional(freeText) },
    }),
  ),
};

/** Exactly as the draft shows them, all of them: nothing is rounded or trimmed. */
const figures: Schema<Figures> = strictObject({
  documentNumber: matching(/^(?! )[^\p{Control}\p{Surrogate}]{1,100}(?<! )$/u, 'the number of the draft, such as 1002'),
  totalIncludingTax: matching(/^-?\d{1,20}(\.\d{1,10})?$/, "a decimal as text, such as '169.46'"),
  currency: matching(/^[A-Z]{3}$/, 'an ISO code such as EUR'),
});

const confirmation = strictObject({ ...decider, note: optional(freeText), figures });
const ending = strictObject({ ...decider, reason: freeText });
const rejection = strictObject({ ...decider, reason: freeText, figures: optional(figures) });
const deciderAlone = strictObject(decider);
const replay = strictObject({ ...decider, revision: optional(freeText), mapping: optional(freeText) });

const hints = {
  dataverse: strictObject({ at: oneOf(['dataverse']), revision: optional(freeText), isDeleted: optional(flag) }),
  'business-central': strictObject({ at: oneOf(['business-central']), invoiceId: nameText, etag: freeText }),
  masters: strictObject({ at: oneOf(['masters']) }),
} as const;

const syncRequest = strictObject({ isThorough: optional(flag) });

const MAX_MATCHES = 100_000;
const guid = matching(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i, 'a GUID');
const matches = strictObject({
  by: name,
  decisions: listOf(
    strictObject({
      accountId: guid,
      customerNumber: optional(nameText),
      isShared: optional(flag),
      instead: optional(nameText),
    }),
    MAX_MATCHES,
  ),
});

export function parseConfirmation(input: unknown): Confirmation {
  const { note, figures: seen, ...who } = confirmation(input, ROOT);
  return { actor: toActor(who), note, figures: seen };
}

export function parseEnding(input: unknown): Ending {
  const { reason, ...who } = ending(input, ROOT);
  return { actor: toActor(who), reason };
}

export function parseRejection(input: unknown): Rejection {
  const { reason, figures: seen, ...who } = rejection(input, ROOT);
  return { actor: toActor(who), reason, figures: seen };
}

/** Of a message that says nothing but who sends it. */
export function parseDecider(input: unknown): Actor {
  return toActor(deciderAlone(input, ROOT));
}

export function parseReplay(input: unknown): Replay {
  const { by: named, actor, ...wanted } = replay(input, ROOT);
  return { actor: toActor({ by: named, actor }), ...withoutNothing(wanted) };
}

/** From feeds and webhooks; the same strictness, since anybody at Temporal may send it. */
export function parseChangeHint(input: unknown): ChangeHint {
  return withoutNothing(hints[kindOf(input)](input, ROOT));
}

/** Of an account or product that changed. */
export function parseSyncRequest(input: unknown): { readonly isThorough?: boolean } {
  return withoutNothing(syncRequest(input, ROOT));
}

/** Which customer each account is, as a person decided it. */
export function parseMatches(input: unknown): ReturnType<typeof matches> {
  return matches(input, ROOT);
}

const HINTS = Object.keys(hints) as (keyof typeof hints)[];

function kindOf(input: unknown): keyof typeof hints {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new DecisionError(ROOT, 'an object with at', input);
  }
  return oneOf(HINTS)('at' in input ? input.at : undefined, 'at');
}

function toActor({ by: named, actor }: { readonly by: string | undefined; readonly actor: Actor | undefined }): Actor {
  return actor ?? { name: name(named, 'by'), source: 'signal', isVerified: false };
}

/** An optional field that was not given is absent, never undefined. */
function withoutNothing<T extends object>(fields: T): Given<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<T>;
}

type Given<T> = T extends object
  ? { readonly [Key in keyof T as undefined extends T[Key] ? never : Key]: T[Key] } & {
      readonly [Key in keyof T as undefined extends T[Key] ? Key : never]?: Exclude<T[Key], undefined>;
    }
  : never;
