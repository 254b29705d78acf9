import { UserError } from '../deal/errors.js';
import { type Answers, checkAnswers, type GivenAnswers, toSettings } from '../operations/connect/answers.js';
import { ask } from './ask.js';
import { readSecret } from './read-secret.js';

/** Asks a person for the answers and tries each part of them at once; a secret is read without echo. */

/** Where questions are put; a test answers by itself. */
export interface Terminal {
  ask(text: string): Promise<string>;
  askSecret(text: string): Promise<string>;
  say(text: string): void;
}

export type Part = 'tenant' | 'dataverse' | 'business-central' | 'rest';

export interface Asked {
  readonly answers: Answers;
  /** Settings that follow from the answers, the secrets among them. */
  readonly settings: Readonly<Record<string, string>>;
  /** How many questions were asked. */
  readonly questions: number;
}

interface Question {
  readonly text: string;
  readonly part: keyof GivenAnswers;
  readonly field?: string;
  readonly fallback?: (given: Given) => string | undefined;
  readonly isOptional?: true;
}

type Given = { [Name in keyof GivenAnswers]?: Record<string, string> | string };

/** What the settings say already is proposed. */
const SETTINGS: Readonly<Record<string, readonly [part: keyof GivenAnswers, field?: string]>> = {
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

const CLIENT_ID = 'Application (client) ID (Azure portal > App registrations > the app > Overview)';
const QUESTIONS: Readonly<Record<Part, readonly Question[]>> = {
  tenant: [{ text: 'Tenant ID (Azure portal > Microsoft Entra ID > Overview)', part: 'tenant' }],
  dataverse: [
    {
      text: 'Sales: Environment URL (Power Platform admin center > Environments > the environment)',
      part: 'dataverse',
      field: 'url',
    },
    { text: `Sales: ${CLIENT_ID}`, part: 'dataverse', field: 'clientId' },
  ],
  'business-central': [
    {
      text: 'Business Central: environment (Business Central admin center > Environments)',
      part: 'businessCentral',
      field: 'environment',
      fallback: () => 'Production',
    },
    { text: 'Business Central: company, by its name of page Companies', part: 'businessCentral', field: 'company' },
    {
      text: `Business Central: ${CLIENT_ID}`,
      part: 'businessCentral',
      field: 'clientId',
      fallback: (given) => read(given, 'dataverse', 'clientId'),
    },
  ],
  rest: [
    {
      text: 'https address under which both systems reach the starter (empty: none)',
      part: 'publicUrl',
      isOptional: true,
    },
    { text: 'Prefix of the columns that are made in Sales', part: 'prefix', fallback: () => 'dlb' },
  ],
};
const PARTS = ['tenant', 'dataverse', 'business-central', 'rest'] as const;
const SECRETS: Readonly<Partial<Record<Part, string>>> = {
  dataverse: 'DATAVERSE_CLIENT_SECRET',
  'business-central': 'BC_CLIENT_SECRET',
};
/** What is not answered yet is asked of nobody. */
const NOBODY = {
  tenant: 'not-answered.invalid',
  dataverse: { url: 'https://not-answered.invalid', clientId: '00000000-0000-0000-0000-000000000000' },
  businessCentral: { company: 'not answered', clientId: '00000000-0000-0000-0000-000000000000' },
};

function withNobody(given: Given): Given {
  const merged: Given = { ...NOBODY, ...given };
  for (const part of ['dataverse', 'businessCentral'] as const) {
    const known = given[part];
    merged[part] = { ...NOBODY[part], ...(typeof known === 'object' && known) };
  }
  return merged;
}

/** @param isRight says what is wrong, and what a person has to do before it can be right */
export async function askForAnswers(
  known: NodeJS.ProcessEnv,
  terminal: Terminal,
  isRight: (part: Part, settings: Readonly<Record<string, string>>) => Promise<boolean>,
): Promise<Asked> {
  const given: Given = {};
  const secrets: Record<string, string> = {};
  let questions = 0;
  for (const [name, [part, field]] of Object.entries(SETTINGS)) {
    write(given, part, field, known[name]);
    // What cannot be right is not proposed.
    if (toPartSettings() === undefined) write(given, part, field, undefined);
  }
  for (const part of PARTS) {
    for (;;) {
      for (const one of QUESTIONS[part]) await put(one);
      await putSecret(part);
      const settings = toPartSettings();
      if (settings !== undefined && (await isRight(part, settings))) break;
      terminal.say('Once more; Enter repeats the answer before, Ctrl-C gives up.');
    }
  }
  const answers = checkAnswers(given);
  return { answers, settings: { ...toSettings(answers), ...secrets }, questions };

  /** What cannot be right is said at once. */
  async function put({ text, part, field, fallback, isOptional }: Question): Promise<void> {
    const before = read(given, part, field);
    const proposed = before ?? fallback?.(given);
    for (;;) {
      questions += 1;
      const answer = (await terminal.ask(`${text}${proposed ? ` [${proposed}]` : ''}: `)).trim() || proposed;
      write(given, part, field, answer);
      const isAnswered = answer !== undefined || isOptional === true;
      if (isAnswered && toPartSettings() !== undefined) return;
      if (!isAnswered) terminal.say('expected an answer, got nothing');
      write(given, part, field, before);
    }
  }

  async function putSecret(part: Part): Promise<void> {
    const setting = SECRETS[part];
    if (setting === undefined) return;
    questions += 1;
    const ofSales =
      part === 'business-central' &&
      read(given, 'dataverse', 'clientId') === read(given, 'businessCentral', 'clientId');
    const shared = ofSales ? secrets['DATAVERSE_CLIENT_SECRET'] : undefined;
    const before = secrets[setting] ?? shared;
    const empty = before === undefined ? 'the one in settings or ledger' : 'the one before';
    const typed = await terminal.askSecret(`Its client secret (not shown; empty: ${empty}): `);
    const secret = typed || before;
    if (secret) secrets[setting] = secret;
  }

  /** Undefined when an answer cannot be right. */
  function toPartSettings(): Record<string, string> | undefined {
    try {
      return { ...toSettings(checkAnswers(withNobody(given))), ...secrets };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      terminal.say(error.message);
      return undefined;
    }
  }
}

export function openTerminal(): Terminal {
  return {
    ask: (text) => ask(text),
    askSecret: (text) => readSecret(text),
    say: (text) => console.log(text),
  };
}

function write(given: Given, part: keyof GivenAnswers, field: string | undefined, value: string | undefined): void {
  if (field === undefined) {
    if (value) given[part] = value;
    else delete given[part];
    return;
  }
  const known = given[part];
  const fields = { ...(typeof known === 'object' && known) };
  if (value) fields[field] = value;
  else delete fields[field];
  given[part] = fields;
}

function read(given: Given, part: keyof GivenAnswers, field: string | undefined): string | undefined {
  const known = given[part];
  if (field === undefined) return typeof known === 'string' ? known : undefined;
  return typeof known === 'object' ? known[field] : undefined;
}
