/** What goes on behind an answer that was given already: a process that stops waits for it before it closes what it asks. */
export interface Background {
  track<T>(work: Promise<T>): Promise<T>;
  /** Resolves when nothing is under way, also of what began meanwhile. */
  settle(): Promise<void>;
}

export function createBackground(): Background {
  const underWay = new Set<Promise<unknown>>();
  return {
    track(work) {
      const settled = work.then(
        () => void underWay.delete(settled),
        () => void underWay.delete(settled),
      );
      underWay.add(settled);
      return work;
    },
    async settle() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}
