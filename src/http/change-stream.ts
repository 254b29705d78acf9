/** Tells whoever listens that something has changed; asks the ledger only while somebody does. */
export interface ChangeStream {
  /** Calls back at each change until it is stopped, and now and then while there is none. */
  listen(listener: ChangeListener): () => void;
}

export interface ChangeListener {
  readonly onChange: () => void;
  /** Nothing has changed for a while: what carries the news must not be taken for dead. */
  readonly onQuiet: () => void;
}

/** A person notices no shorter delay in a list that changes by itself. */
const INTERVAL_MS = 2_000;
/** Fourteen seconds: proxies cut what is silent for sixty, some for twenty. */
const QUIET_LOOKS = 7;

export function createChangeStream(findLatest: () => Promise<string>, intervalMs = INTERVAL_MS): ChangeStream {
  const listeners = new Set<ChangeListener>();
  let timer: NodeJS.Timeout | undefined;
  let latest: string | undefined;
  let looks = 0;

  async function look(): Promise<void> {
    const found = await findLatest().catch(() => latest);
    const hasChanged = latest !== undefined && found !== latest;
    latest = found;
    looks = hasChanged ? 0 : looks + 1;
    if (hasChanged) for (const { onChange } of listeners) onChange();
    else if (looks % QUIET_LOOKS === 0) for (const { onQuiet } of listeners) onQuiet();
    if (listeners.size > 0) timer = setTimeout(look, intervalMs);
    else timer = undefined;
  }

  return {
    listen(listener) {
      listeners.add(listener);
      if (timer === undefined) {
        latest = undefined;
        timer = setTimeout(look, 0);
      }
      return () => void listeners.delete(listener);
    },
  };
}
