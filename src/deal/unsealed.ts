/**
 * What stands in for an input that nobody sealed: somebody wrote it into Temporal without our keys. As no schema of ours fits
 * it, it is refused wherever it arrives; only who asks for it takes it out.
 */
const FIELD = 'dealbridge: not sealed';

export function toUnsealed(content: unknown): object {
  return { [FIELD]: content ?? null };
}

export function isUnsealed(input: unknown): boolean {
  return typeof input === 'object' && input !== null && Object.hasOwn(input, FIELD);
}

export function takeUnsealed(input: unknown): unknown {
  return isUnsealed(input) ? (input as Readonly<Record<string, unknown>>)[FIELD] : input;
}
