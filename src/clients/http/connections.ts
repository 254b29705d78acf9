/**
 * The connections of one transport. Who finds all of them taken waits here and not in the agent, where a request that has
 * looked at the pause of its lane would still wait for its turn.
 */
export interface Connections {
  /** How to give it back; undefined when none came free in time. */
  take(limitMs: number): Promise<(() => void) | undefined>;
}

export function createConnections(count: number): Connections {
  let free = count;
  const waiting = new Set<() => void>();

  function giveBack(): void {
    const [next] = waiting;
    if (!next) free += 1;
    else {
      waiting.delete(next);
      next();
    }
  }

  function waitForOne(limitMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const goOn = (): void => {
        clearTimeout(timer);
        resolve(true);
      };
      const timer = setTimeout(() => {
        waiting.delete(goOn);
        resolve(false);
      }, limitMs);
      waiting.add(goOn);
    });
  }

  return {
    async take(limitMs) {
      if (free > 0) free -= 1;
      else if (!(await waitForOne(limitMs))) return undefined;
      return giveBack;
    },
  };
}
