import { createHash } from 'node:crypto';

/** A GUID of our own that follows from what it stands for: every attempt makes the same, so a repeat finds the row. */
export function deriveGuid(subject: string): string {
  const hex = createHash('sha256').update(`dealbridge/${subject}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
