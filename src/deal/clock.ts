/** The present moment; a test may set it. */
export interface Clock {
  now(): Date;
}
