import type { Logger } from 'pino';

const RETRY_MS = 60_000;

/** Asks Dataverse in the background for our own user; until it is known, no change counts as our own, which is harmless. */
export function learnOwnUser(whoAmI: () => Promise<{ userId: string }>, log: Logger): () => string | undefined {
  let userId: string | undefined;
  const ask = async (): Promise<void> => {
    try {
      userId = (await whoAmI()).userId;
    } catch (error) {
      log.warn({ err: error }, 'WhoAmI failed, retrying');
      setTimeout(() => void ask(), RETRY_MS).unref();
    }
  };
  void ask();
  return () => userId;
}
