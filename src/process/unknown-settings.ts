import { distance, findNearNames } from '../deal/near-names.js';

/** A name that begins like ours and that nothing reads: most likely misspelt, and what it says counts for nothing. */
export interface UnknownSetting {
  readonly name: string;
  /** The name that is most likely meant. */
  readonly nearest: string | undefined;
}

const OURS = /^(BC|DESK|DATAVERSE|STARTER|ALERT|AUDIT|DEALBRIDGE|ENTRA)_[A-Z]/;
/** Temporal's tools and server have names of their own: there only what all but is one of ours counts. */
const OF_TEMPORAL = /^TEMPORAL_/;
const MAX_TYPING_ERRORS = 2;

/** Read by the command line, by docker-compose.yml and by the script of its databases; worker and starter may be given them, too. */
const READ_ELSEWHERE: ReadonlySet<string> = new Set([
  'DEALBRIDGE_ENV_FILES',
  'DEALBRIDGE_ENV_FILE',
  'DEALBRIDGE_CONFIG',
  'DEALBRIDGE_SECRETS',
  'DEALBRIDGE_CERTIFICATES',
  'DEALBRIDGE_DATABASE_HOST',
  'DEALBRIDGE_DATABASE_CA',
]);

/**
 * Kubernetes gives every pod such names for each service, so one that is called `starter` or `dealbridge` begins like ours.
 * https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */
const OF_SERVICE = /_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/;
const ADDRESS_OF_SERVICE = /^(tcp|udp|sctp):\/\//;

export function listUnknownSettings(env: NodeJS.ProcessEnv, known: readonly string[]): UnknownSetting[] {
  const isKnown = new Set(known);
  return Object.entries(env)
    .filter(([name, value]) => value && !isKnown.has(name) && !READ_ELSEWHERE.has(name))
    .filter(
      ([name, value]) => !OF_SERVICE.test(name) && !(name.endsWith('_PORT') && ADDRESS_OF_SERVICE.test(value ?? '')),
    )
    .map(([name]) => ({ name, nearest: findNearNames(name, known)[0] }))
    .filter(({ name, nearest }) => OURS.test(name) || (OF_TEMPORAL.test(name) && isTypingError(name, nearest)))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function isTypingError(name: string, nearest: string | undefined): boolean {
  return nearest !== undefined && distance(name, nearest) <= MAX_TYPING_ERRORS;
}

export function describeUnknownSetting({ name, nearest }: UnknownSetting): string {
  return `unknown setting ${name} is ignored${nearest === undefined ? '' : `, the nearest right name is ${nearest}`}`;
}

/** Of what refuses to start and names them as well. */
export function isOfUnknownSetting(line: string): boolean {
  return line.trim().startsWith('unknown setting ');
}
