import { createInterface, type Interface } from 'node:readline/promises';
import { RefusedError, UserError } from '../deal/errors.js';
import { type Answers, checkAnswers, type GivenAnswers } from '../operations/connect/answers.js';
import { readSecret } from './read-secret.js';

/** Asks a person for the answers, one after the other; a secret is read without echo, and nowhere else. */

export interface Asked {
  readonly answers: Answers;
  readonly secrets: { readonly dataverse?: string; readonly 'business-central'?: string };
  /** How many questions were asked. */
  readonly questions: number;
}

interface Question {
  readonly text: string;
  readonly put: (given: Given, answer: string) => void;
  readonly fallback: (given: Given) => string | undefined;
}

type Given = { [Name in keyof GivenAnswers]?: Record<string, string> | string };

const SETTINGS: Readonly<Record<string, readonly [part: keyof GivenAnswers, name?: string]>> = {
  ENTRA_TENANT_ID: ['tenant'],
  ENTRA_LOGIN_URL: ['loginUrl'],
  DATAVERSE_URL: ['dataverse', 'url'],
  DATAVERSE_CLIENT_ID: ['dataverse', 'clientId'],
  BC_URL: ['businessCentral', 'url'],
  BC_ENVIRONMENT: ['businessCentral', 'environment'],
  BC_COMPANY: ['businessCentral', 'company'],
  BC_CLIENT_ID: ['businessCentral', 'clientId'],
  STARTER_PUBLIC_URL: ['publicUrl'],
};

const QUESTIONS: readonly Question[] = [
  question('Tenant ID (Azure portal > Microsoft Entra ID > Overview)', 'tenant'),
  question('Sales: Environment URL (Power Platform admin center > Environments)', 'dataverse', 'url'),
  question('Sales: Application (client) ID of the app registration', 'dataverse', 'clientId'),
  question('Business Central: environment', 'businessCentral', 'environment', () => 'Production'),
  question('Business Central: company, by its name of page Companies', 'businessCentral', 'company'),
  question('Business Central: Application (client) ID', 'businessCentral', 'clientId', (given) =>
    read(given, 'dataverse', 'clientId'),
  ),
  question('Address under which both systems reach the starter (empty: none)', 'publicUrl', undefined, () => ''),
  question('Prefix of the columns that are made in Sales', 'prefix', undefined, () => 'dlb'),
];

export async function askForAnswers(settings: NodeJS.ProcessEnv): Promise<Asked> {
  if (!process.stdin.isTTY)
    throw new UserError('--file', 'a file of answers, since nobody sits at a terminal (docs/connect.md shows one)');
  const given: Given = {};
  for (const [name, [part, field]] of Object.entries(SETTINGS)) {
    const value = settings[name];
    if (value) write(given, part, field, value);
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    for (const one of QUESTIONS) {
      const fallback = one.fallback(given);
      const answer = (await terminal.question(`${one.text}${fallback ? ` [${fallback}]` : ''}: `)).trim();
      const chosen = answer || fallback;
      if (chosen) one.put(given, chosen);
    }
  } finally {
    terminal.close();
  }
  const answers = checkAnswers(given);
  const dataverse = await readSecret('Sales: client secret (not shown; empty: the one in the ledger): ');
  const bc = await readSecret("Business Central: client secret (not shown; empty: that of Sales or the ledger's): ");
  const isOneApp = answers.dataverse.clientId === answers.businessCentral.clientId;
  const company = bc || (isOneApp ? dataverse : '');
  return {
    answers,
    secrets: { ...(dataverse && { dataverse }), ...(company && { 'business-central': company }) },
    questions: QUESTIONS.length + 2,
  };
}

/** Without a terminal nobody can say yes. */
export async function confirm(text: string): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  return /^y(es)?$/i.test(await ask(`${text} [y/N] `));
}

/** @throws RefusedError when the person gives up */
export async function waitForPerson(text: string): Promise<void> {
  if (/^q/i.test(await ask(`${text} (Enter looks again, q gives up) `)))
    throw new RefusedError('given up, nothing was changed');
}

async function ask(text: string): Promise<string> {
  const terminal: Interface = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await terminal.question(text)).trim();
  } finally {
    terminal.close();
  }
}

function question(
  text: string,
  part: keyof GivenAnswers,
  field?: string,
  fallback: (given: Given) => string | undefined = () => undefined,
): Question {
  return {
    text,
    put: (given, answer) => write(given, part, field, answer),
    fallback: (given) => read(given, part, field) ?? fallback(given),
  };
}

function write(given: Given, part: keyof GivenAnswers, field: string | undefined, value: string): void {
  if (field === undefined) given[part] = value;
  else {
    const known = given[part];
    given[part] = { ...(typeof known === 'object' && known), [field]: value };
  }
}

function read(given: Given, part: keyof GivenAnswers, field: string | undefined): string | undefined {
  const known = given[part];
  if (field === undefined) return typeof known === 'string' ? known : undefined;
  return typeof known === 'object' ? known[field] : undefined;
}
