/** DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE. */
const PASSING: ReadonlyMap<number, string> = new Map([
  [4, 'no answer in time'],
  [8, 'it takes no more requests for now'],
  [14, 'no connection'],
]);

/** Why Temporal does nothing for now, by the error or by the one that its client wraps; undefined for what does not pass by itself. */
export function findTemporalAway(error: unknown): string | undefined {
  const code = grpcCodeOf(error) ?? grpcCodeOf(error instanceof Error ? error.cause : undefined);
  return code === undefined ? undefined : PASSING.get(code);
}

/** By its shape, as `isGrpcServiceError` of the SDK does, which is not loaded where nobody asks Temporal. */
export function grpcCodeOf(error: unknown): number | undefined {
  const isOfGrpc = error instanceof Error && 'details' in error && 'metadata' in error;
  return isOfGrpc && 'code' in error && typeof error.code === 'number' ? error.code : undefined;
}
