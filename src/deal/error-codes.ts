/** The closed catalogue of what can go wrong, with who mends it and how; docs/errors.md is made from it. */

export type ErrorMender = 'whoever gave the input' | 'IT' | 'nobody: it is repeated' | 'a developer';

export interface ErrorAdvice {
  readonly meaning: string;
  readonly mender: ErrorMender;
  readonly nextStep: string;
}

const input = (meaning: string, nextStep: string): ErrorAdvice => ({
  meaning,
  mender: 'whoever gave the input',
  nextStep,
});
const setup = (meaning: string, nextStep: string): ErrorAdvice => ({ meaning, mender: 'IT', nextStep });
const passing = (meaning: string, nextStep: string): ErrorAdvice => ({
  meaning,
  mender: 'nobody: it is repeated',
  nextStep,
});

export const INPUT_ERRORS = {
  'invalid-input': input('An argument, option or field does not fit.', 'Give what the message expects.'),
  'refused-now': input(
    'What is asked for cannot be done as things stand; nothing was changed.',
    'Do what the message names, then ask again.',
  ),
  'not-taken-yet': input(
    'No worker has taken what was said to a run; it may still count as soon as one does.',
    'See that a worker runs (`dealbridge doctor`), and what became of it before you say it again.',
  ),
  'not-allowed': input(
    'None of the roles that the person has allows the act.',
    'Ask somebody who has the role, or for the role: docs/permissions.md says which.',
  ),
  'changed-since': input(
    'What the decision is about has changed since it was looked at; nothing was decided.',
    'Look at the new figures, then decide again.',
  ),
  'invalid-decision': input(
    'A decision on a deal has no name, no figures or a field that nobody knows.',
    'Decide again, with the field that the message names.',
  ),
} as const satisfies Readonly<Record<string, ErrorAdvice>>;

export const SETUP_ERRORS = {
  'invalid-configuration': setup(
    'A setting is missing or does not fit; the process does not start.',
    'Correct every setting that the message names, then start again.',
  ),
  'invalid-rules': setup(
    'The rules file has faults; the process does not start.',
    'Correct the lines and columns that the message names.',
  ),
  'invalid-formula': setup('A formula of the rules file cannot be read.', 'Correct it where the message points.'),
  'invalid-keys': setup(
    'The keys cannot be used, or others on the machine may read or change them.',
    'Correct `DEALBRIDGE_KEYS` or the key file; `dealbridge keys new` prints a key.',
  ),
  'invalid-credential': setup(
    'A certificate or private key cannot be used.',
    'Give both as PEM, without a passphrase, matching and not expired.',
  ),
} as const satisfies Readonly<Record<string, ErrorAdvice>>;

export const SEAL_ERRORS = {
  'not-sealed': setup(
    'A value should be sealed and is not, or by another version.',
    'See who wrote it; restore the ledger if it was altered.',
  ),
  'unknown-key': setup(
    'The key ring lacks the key of a sealed value.',
    'Put the old key back, behind the newest one; a credential whose key is lost is replaced by `dealbridge credentials set`. docs/security.md says how keys are rotated.',
  ),
  'does-not-open': setup(
    'A sealed value was altered, moved, or sealed by another key of the same name.',
    'Compare the key files of all processes; restore the ledger if the value was altered.',
  ),
} as const satisfies Readonly<Record<string, ErrorAdvice>>;

/**
 * `unknown-outcome` is the dangerous one: a write may or may not have happened (timeout, cut connection, 408, 500, 502,
 * 504), so nothing may be asked again before one has looked. `other-environment` is ours: nothing was asked.
 */
export const REMOTE_ERRORS = {
  throttled: passing('The other side takes no more requests for now.', 'Wait; the rate per second may be set lower.'),
  unavailable: passing('The other side cannot be reached, or asks to come back later.', 'Wait; see its status page.'),
  'unknown-outcome': passing(
    'The answer to a request was lost, so that a write may have happened.',
    'Wait: Dealbridge looks before it asks again.',
  ),
  unreadable: passing('The answer is not what the API documents.', 'Look for a proxy in between that answers instead.'),
  conflict: passing('Somebody changed the row since it was read.', 'Wait: it is read and compared again.'),
  locked: passing('Another session holds the row in Business Central.', 'Wait for that session to end.'),
  'not-found': setup(
    'The row that was asked for by its id does not exist.',
    'See the hold of the deal; somebody may have deleted it.',
  ),
  taken: setup(
    'Another row has the number or key of the one that was to be written.',
    'See the hold of the deal: it names the row. Give one of the two another number, or delete the wrong one.',
  ),
  unauthorized: setup(
    'Entra refuses our credential, or the other side our token: deals wait, and go on by themselves once it is taken.',
    '`dealbridge doctor` names the cause; a new secret is taken up by `dealbridge credentials set`.',
  ),
  forbidden: setup('Our application user lacks a privilege.', '`dealbridge doctor` names what is missing.'),
  rejected: setup(
    'The other side refuses the content by a rule of its own.',
    'See the hold of the deal: it shows the words of the other side.',
  ),
  'other-environment': setup(
    'Another environment stands under the address than the ledger knows, so nothing was written.',
    'If that is meant, `dealbridge environments accept`; else correct the address.',
  ),
} as const satisfies Readonly<Record<string, ErrorAdvice>>;

export const REACH_ERRORS = {
  'host-unreachable': setup(
    'A host has no address, no valid certificate or gives no answer.',
    'Check name resolution, firewall and certificate.',
  ),
  'proxy-refused': setup(
    'The proxy of this network let a request not through; nothing of it reached the host.',
    'Check HTTPS_PROXY with its user and password, and that the proxy lets this machine reach the host.',
  ),
  'bucket-refused': setup(
    'The bucket for the seals of the audit trail took nothing, or did not show its names.',
    'Check AUDIT_BUCKET_URL, its key, and that the bucket has object lock.',
  ),
  'time-stamp-refused': setup(
    'The time-stamping authority gave no stamp for a seal of the audit trail, or one that proves nothing.',
    'Check AUDIT_TSA_URL, and that AUDIT_TSA_CERTIFICATE_FILE holds its certificate or that of a CA above it.',
  ),
  'alert-refused': passing(
    'A mail server, Teams or a webhook took no alert.',
    'Wait: it is tried again every minute. If it goes on, check the ALERT_ setting of that channel.',
  ),
  overtaken: passing(
    'What was read in the ledger was changed by another step before this one could save.',
    'Wait: it is read again, and then saved.',
  ),
  'position-expired': passing(
    'Sales does not take the stored position of a feed any more.',
    'Wait: the feed reads everything once and goes on from there.',
  ),
} as const satisfies Readonly<Record<string, ErrorAdvice>>;

export const INTERNAL_ERRORS = {
  'unreadable-content': setup(
    'A row of the ledger is not what Dealbridge wrote: it was changed by hand, or by another version.',
    'Restore the field that the message names from a backup; `dealbridge audit verify` tells whether the trail is whole.',
  ),
  internal: {
    meaning: 'Something that cannot be happened: a fault in Dealbridge, or a ledger that was changed by hand.',
    mender: 'a developer',
    nextStep: 'Keep the log and the workflow history, and report both.',
  },
} as const satisfies Readonly<Record<string, ErrorAdvice>>;

export const ERROR_CODES = {
  ...INPUT_ERRORS,
  ...SETUP_ERRORS,
  ...SEAL_ERRORS,
  ...REMOTE_ERRORS,
  ...REACH_ERRORS,
  ...INTERNAL_ERRORS,
};

export type SealErrorCode = keyof typeof SEAL_ERRORS;
export type RemoteErrorCode = keyof typeof REMOTE_ERRORS;
export type ErrorCode = keyof typeof ERROR_CODES;
