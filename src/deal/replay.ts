/** Who wants a deal run again, of which revision and by which mapping. */
export interface Replay {
  readonly by: string;
  readonly revision?: string;
  /** The hash of a kept mapping; today's when it is not given. */
  readonly mapping?: string;
}
