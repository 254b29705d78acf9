import {
  type ErrorAdvice,
  INPUT_ERRORS,
  INTERNAL_ERRORS,
  REACH_ERRORS,
  REMOTE_ERRORS,
  SEAL_ERRORS,
  SETUP_ERRORS,
} from '../../src/deal/error-codes.js';
import { DECISION_FAILURES, REMOTE_APIS, STEP_FAILURES } from '../../src/deal/failure-types.js';

/** docs/errors.md, made from the catalogue: `npm run docs:errors` writes it, and a test compares it. */

type Catalogue = Readonly<Record<string, ErrorAdvice>>;

const SECTIONS: readonly (readonly [title: string, introduction: string, catalogue: Catalogue])[] = [
  ['Input', 'Commands, API and web desk answer with these; nothing was changed.', INPUT_ERRORS],
  [
    'Configuration and rules',
    'A process with one of these does not start and names every fault at once.',
    SETUP_ERRORS,
  ],
  ['Sealed values', 'Payloads of Temporal and credentials in the ledger are sealed.', SEAL_ERRORS],
  ['Requests to the other systems', 'The code of a `RemoteApiError`.', REMOTE_ERRORS],
  ['Reaching hosts and positions', 'Found before or beside a request.', REACH_ERRORS],
  ['Faults of Dealbridge', 'They are never part of daily business.', INTERNAL_ERRORS],
  [
    'Failures of steps in Temporal',
    `Shown as the type of a failed activity. A request that failed has the type \`<api>/<code>\`, with the api one of ${REMOTE_APIS.map((api) => `\`${api}\``).join(', ')} and a code of the section above.`,
    STEP_FAILURES,
  ],
  ['Refused decisions', 'Shown to whoever decided; the run of the deal goes on as before.', DECISION_FAILURES],
];

export function toErrorsPage(): string {
  const sections = SECTIONS.map(
    ([title, introduction, catalogue]) =>
      `## ${title}\n\n${introduction}\n\n| code | meaning | who mends it | what to do |\n| --- | --- | --- | --- |\n${toRows(catalogue)}\n`,
  );
  return `${HEAD}\n${sections.join('\n')}`;
}

const HEAD = `# Errors

Every error of Dealbridge has a code of this closed list; the API has a few more of its own ([desk.md](desk.md#the-api)). The page
is made from \`src/deal/error-codes.ts\` and \`src/deal/failure-types.ts\` by \`npm run docs:errors\`. Why a deal waits for a
person is another list: [deals](deals.md).
`;

function toRows(catalogue: Catalogue): string {
  return Object.entries(catalogue)
    .map(([code, { meaning, mender, nextStep }]) => `| \`${code}\` | ${meaning} | ${mender} | ${nextStep} |`)
    .join('\n');
}
