/** Who acts: a name, the way by which it reached us, and whether somebody proved who it is. */
export const ACTOR_SOURCES = ['cli', 'signal', 'api', 'desk', 'rule'] as const;
export type ActorSource = (typeof ACTOR_SOURCES)[number];
export interface Actor {
  readonly name: string;
  readonly source: ActorSource;
  readonly isVerified: boolean;
  /** Of whoever authenticated the person, on its way to the trail: src/secrets/decision-proof.ts. */
  readonly proof?: string | undefined;
}
