import type { Logger } from 'pino';

const ASK_AGAIN_MS = 60_000;

/** Learns in the background who we are in Sales; until then nothing is taken for an echo of ours, which is harmless. */
export function learnOwnUser(whoAmI: () => Promise<{ userId: string }>, log: Logger): () => string | undefined {
  let userId: string | undefined;
  const ask = async (): Promise<void> => {
    try {
      userId = (await whoAmI()).userId;
    } catch (error) {
      log.warn({ err: error }, 'Sales does not say who we are; asking again');
      setTimeout(() => void ask(), ASK_AGAIN_MS).unref();
    }
  };
  void ask();
  return () => userId;
}
