import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Tells whoever keeps book of a write when its request leaves: before that it may have waited for a token or
 * for the identity of the environment.
 */
const listening = new AsyncLocalStorage<() => Promise<void>>();

/** Every request of the work that may change something is told just before it is sent. */
export function whileListening<T>(beforeSending: () => Promise<void>, work: () => Promise<T>): Promise<T> {
  return listening.run(beforeSending, work);
}

export async function tellSending(): Promise<void> {
  await listening.getStore()?.();
}
