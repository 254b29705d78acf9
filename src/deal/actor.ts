/** Who acts: a name, the way by which it reached us, and whether somebody proved who it is. */
export const ACTOR_SOURCES = ['cli', 'signal', 'api', 'desk', 'rule'] as const;
export type ActorSource = (typeof ACTOR_SOURCES)[number];
export interface Actor {
  readonly name: string;
  readonly source: ActorSource;
  readonly isVerified: boolean;
  /** Of the person at the issuer: by another name it is still the same one. */
  readonly personId?: string | undefined;
  /** Of whoever authenticated the person, on its way to the trail: src/secrets/decision-proof.ts. */
  readonly proof?: string | undefined;
}

/** The trail and the ledger name what did something without a person by these. */
const RESERVED_NAMES: ReadonlySet<string> = new Set(['sales', 'rule', 'dealbridge']);

/** One line that somebody can read, and not ours: invisible characters name nobody. */
export function isPersonName(name: string): boolean {
  return !/\p{Control}/u.test(name) && /[\p{Letter}\p{Number}]/u.test(name) && !isReservedName(name);
}

export function isReservedName(name: string): boolean {
  return RESERVED_NAMES.has(name.trim().toLowerCase());
}
