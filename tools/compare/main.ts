import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, parseEnv } from 'node:util';
import { UserError } from '../../src/deal/errors.js';
import { compareRuns, describeComparison } from './differences.js';
import { type Outcomes, type Recording, readRecording } from './records.js';
import { openTenant, type Tenant } from './tenant.js';

/** `npm run simulators:compare`: the contract suites against a tenant and the simulators, and what differs. */

export interface CompareOptions {
  readonly root: string;
  readonly args: readonly string[];
  readonly say: (text: string) => void;
}

const SYSTEMS = ['entra', 'dataverse', 'business-central'];

/** Returns the exit code: 0 when nothing differs. @throws UserError */
export async function runCompare({ root, args, say }: CompareOptions): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      env: { type: 'string' },
      write: { type: 'boolean', default: false },
      confirm: { type: 'string' },
      only: { type: 'string', default: SYSTEMS.join(',') },
    },
  });
  const only = values.only.split(',');
  const strange = only.find((name) => !SYSTEMS.includes(name));
  if (strange !== undefined) throw new UserError('--only', `some of ${SYSTEMS.join(', ')}`, strange);
  const tenant = await openTenant(readSettings(values.env));
  ensureAllowed(tenant, values);
  say(`Company «${tenant.companyName}», ${values.write ? 'reading and writing' : 'reading only'}.`);
  const recording = await record(root, tenant, only, values.write);
  const comparison = compareRuns(recording);
  say(describeComparison(comparison, recording.left));
  return comparison.differences.length > 0 ? 1 : 0;
}

/** Whoever runs it where people work says so twice. */
export function ensureAllowed(
  { isProduction, companyName }: Pick<Tenant, 'isProduction' | 'companyName'>,
  { write, confirm }: { readonly write: boolean; readonly confirm?: string | undefined },
): void {
  if (!isProduction) return;
  const why = 'the environment is a production one, or does not say what it is';
  if (!write) throw new UserError('--write', `it typed, with --confirm '${companyName}': ${why}`, 'nothing');
  if (confirm !== companyName)
    throw new UserError('--confirm', `'${companyName}', the name of the company: ${why}`, confirm ?? 'nothing');
}

function readSettings(file: string | undefined): Record<string, string | undefined> {
  if (file === undefined) throw new UserError('--env', 'a file with the settings of a tenant', 'nothing');
  try {
    return parseEnv(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UserError('--env', 'a file that can be read', error instanceof Error ? error.message : file);
  }
}

async function record(root: string, tenant: Tenant, only: readonly string[], writes: boolean): Promise<Recording> {
  const folder = mkdtempSync(join(tmpdir(), 'dealbridge-compare-'));
  try {
    const [records, outcomes] = [join(folder, 'records.jsonl'), join(folder, 'outcomes.json')];
    writeFileSync(records, '', { mode: 0o600 });
    const env = {
      ...process.env,
      ...tenant.settings,
      CONTRACT_RECORD: records,
      CONTRACT_OUTCOMES: outcomes,
      CONTRACT_WRITES: writes ? 'yes' : 'no',
    };
    const files = only.map((name) => `test/contract/${name}.contract.test.ts`);
    const output = await runSuites(root, files, env);
    try {
      return readRecording(readFileSync(records, 'utf8'), JSON.parse(readFileSync(outcomes, 'utf8')) as Outcomes);
    } catch (error) {
      throw new Error(`the suites did not run:\n${output}`, { cause: error });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** That cases fail is what is looked for; only a run without outcomes is an error. */
function runSuites(root: string, files: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const args = [vitest, 'run', '--config', 'test/contract/compare.config.ts', ...files];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const kept: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => kept.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => kept.push(chunk));
    child.once('error', reject);
    child.once('close', () => resolve(Buffer.concat(kept).toString('utf8')));
  });
}
