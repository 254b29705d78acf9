/** Of a connection that was lost pg throws a plain Error, which by itself cannot be told from anybody else's. */
const failures = new WeakSet<Error>();

/** Whether a connection or a statement failed with it. */
export function isLedgerError(error: unknown): boolean {
  return error instanceof Error && failures.has(error);
}

export async function noted<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Error) failures.add(error);
    throw error;
  }
}
