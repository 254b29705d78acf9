/** Ctrl-C reaches the whole group, and whoever started us sends it again: the second is ignored. */
export function stopOnSignal(stop: () => Promise<void>): void {
  let isStopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (isStopping) return;
      isStopping = true;
      void stop();
    });
  }
}

/**
 * A process that still waits for another system holds nothing that it would have to hand on: it ends at once. In a container it is the
 * first process, which a signal that nobody takes does not end. Temporal's runtime takes the signals from the moment that it is
 * installed, and has nothing to stop yet. Returns how to leave the signals to whoever has.
 */
export function endWhileStarting(): () => void {
  const end = (): never => process.exit(0);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, end);
  return () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, end);
  };
}
