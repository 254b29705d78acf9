import type { Logger } from 'pino';
import type { LaneAlarm } from '../clients/http/lane.js';
import type { PausedLaneLedger } from '../ledger/settings/paused-lanes.js';
import type { CredentialName } from '../ledger/settings/vault.js';
import type { ReadableEnvironment } from './environment-lock.js';

export interface LaneAlarmOptions {
  readonly environment: Pick<ReadableEnvironment, 'system' | 'address'>;
  /** The app registration, whose environments share one secret and one alarm. */
  readonly clientId: string;
  /** By which its secret is set. */
  readonly credential: CredentialName;
  readonly lanes: PausedLaneLedger;
  readonly log: Logger;
}

/** One alarm for all workers: whoever pauses first logs it, and it stands in the ledger until a request goes through. */
export function createLaneAlarm({ environment, clientId, credential, lanes, log }: LaneAlarmOptions): LaneAlarm {
  const { system } = environment;
  const ofApp = { system, address: `app registration ${clientId}` };
  /** For an alarm that the ledger could not take. */
  let isLogged = false;
  return {
    async raise({ since, by, problem }) {
      const lane = by === 'entra' ? ofApp : { system, address: environment.address };
      const isNew = await lanes.pause({ ...lane, pausedSince: since, problem }).catch((error: unknown) => {
        log.warn({ err: error, ...lane }, 'a paused lane could not be recorded');
        return !isLogged;
      });
      isLogged = true;
      if (!isNew) return;
      const advice = `see \`dealbridge doctor\`; a new secret is taken up by \`dealbridge credentials set ${credential}\``;
      log.error({ ...lane, since, problem, advice }, 'sign-in refused, lane paused: deals wait');
    },
    async clear() {
      isLogged = false;
      for (const lane of [ofApp, { system, address: environment.address }]) {
        try {
          if (await lanes.resume(lane)) log.info(lane, 'sign-in taken, lane goes on');
        } catch (error) {
          log.warn({ err: error, ...lane }, 'a lane that goes on could not be recorded');
        }
      }
    },
  };
}
