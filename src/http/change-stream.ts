/** Tells whoever listens that something has changed; asks the ledger only while somebody does. */
export interface ChangeStream {
  /** Calls back at each change until it is stopped. */
  listen(onChange: () => void): () => void;
}

/** A person notices no shorter delay in a list that changes by itself. */
const INTERVAL_MS = 2_000;

export function createChangeStream(findLatest: () => Promise<string>, intervalMs = INTERVAL_MS): ChangeStream {
  const listeners = new Set<() => void>();
  let timer: NodeJS.Timeout | undefined;
  let latest: string | undefined;

  async function look(): Promise<void> {
    const found = await findLatest().catch(() => latest);
    const hasChanged = latest !== undefined && found !== latest;
    latest = found;
    if (hasChanged) for (const onChange of listeners) onChange();
    if (listeners.size > 0) timer = setTimeout(look, intervalMs);
    else timer = undefined;
  }

  return {
    listen(onChange) {
      listeners.add(onChange);
      if (timer === undefined) {
        latest = undefined;
        timer = setTimeout(look, 0);
      }
      return () => void listeners.delete(onChange);
    },
  };
}
