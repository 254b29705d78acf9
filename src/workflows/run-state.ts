/**
 * What belongs to one run alone. A worker loads the modules of the workflows once for all of its runs
 * (process/build-workflow-bundle.ts), so that nothing of a run may stand in a module; the globals of its context are each run's.
 * @param name of the one module that keeps it
 */
export function ofRun<State extends object>(name: string, first: () => State): () => State {
  const key = Symbol.for(`dealbridge ${name}`);
  return () => {
    const globals = globalThis as unknown as Record<symbol, State | undefined>;
    globals[key] ??= first();
    return globals[key];
  };
}
