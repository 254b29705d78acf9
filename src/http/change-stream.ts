/** Tells whoever listens that something has changed; asks the ledger only while somebody does. */
export interface ChangeStream {
  /**
   * Calls back at each change until it is stopped, and now and then while there is none.
   * @param seen the change that whoever listens has seen last: what came after it is told, too
   */
  listen(listener: ChangeListener, seen: string): () => void;
  /** Whoever listens is told that no more comes; nobody is asked from then on. */
  close(): void;
}

export interface ChangeListener {
  readonly onChange: () => void;
  /** Nothing has changed for a while: what carries the news must not be taken for dead. */
  readonly onQuiet: () => void;
  readonly onClose: () => void;
}

/** A person notices no shorter delay in a list that changes by itself. */
const INTERVAL_MS = 2_000;
/** Fourteen seconds: proxies cut what is silent for sixty, some for twenty. */
const QUIET_LOOKS = 7;

interface Listening extends ChangeListener {
  seen: string;
  quietLooks: number;
}

export function createChangeStream(findLatest: () => Promise<string>, intervalMs = INTERVAL_MS): ChangeStream {
  const all = new Set<Listening>();
  let timer: NodeJS.Timeout | undefined;

  async function look(): Promise<void> {
    const found = await findLatest().catch(() => undefined);
    for (const one of all) tell(one, found);
    timer = all.size > 0 ? setTimeout(look, intervalMs) : undefined;
  }

  return {
    listen(listener, seen) {
      const one = { ...listener, seen, quietLooks: 0 };
      all.add(one);
      if (timer === undefined) timer = setTimeout(look, 0);
      return () => void all.delete(one);
    },
    close() {
      clearTimeout(timer);
      for (const one of all) one.onClose();
      all.clear();
    },
  };
}

/** @param found undefined when the ledger does not answer */
function tell(one: Listening, found: string | undefined): void {
  if (found !== undefined && found !== one.seen) {
    one.seen = found;
    one.quietLooks = 0;
    one.onChange();
    return;
  }
  one.quietLooks += 1;
  if (one.quietLooks % QUIET_LOOKS === 0) one.onQuiet();
}
