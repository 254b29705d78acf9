import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/ledger/database.js';
import { noted } from '../../src/ledger/ledger-errors.js';
import { createLog, describeError, toShownError } from '../../src/process/log.js';

/** What the log and a terminal say while ledger or Temporal cannot do what they are asked: why, once a minute, and nothing of a customer (I7). */

const NAME = 'Kranich Hydraulik GmbH';

/** As pg throws it for a refusal of the server's. */
function refusal(code: string, message: string): Error {
  const error = new pg.DatabaseError(message, message.length, 'error');
  return Object.assign(error, { code });
}

async function ofLedger(error: Error): Promise<unknown> {
  return noted(Promise.reject(error)).catch((thrown: unknown) => thrown);
}

const DISK_FULL = refusal('53100', 'could not extend file "base/1/2": No space left on device');
const READ_ONLY = refusal('25006', 'cannot execute INSERT in a read-only transaction');

function openLog(level = 'info') {
  const lines: Record<string, unknown>[] = [];
  const clock = { now: 0 };
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  return { lines, clock, log: createLog('test', level, destination, undefined, () => clock.now) };
}

/** A port on which nobody listens. */
async function refusedConnection(): Promise<unknown> {
  const database = openDatabase('postgres://ann:secret-password@127.0.0.1:1/ledger');
  try {
    return await database.query('SELECT 1').catch((error: unknown) => error);
  } finally {
    await database.close();
  }
}

describe('while the ledger is away', () => {
  it('a failure that it causes is one line a minute, without a stack', async () => {
    const { lines, clock, log } = openLog();
    const away = await refusedConnection();
    log.error({ err: away, route: '/webhooks/dataverse' }, 'request failed');
    for (let count = 0; count < 50; count += 1) log.warn({ err: away }, 'waking a held deal failed');
    clock.now = 60_000;
    log.warn({ err: away }, 'waking a held deal failed');
    expect(lines).toMatchObject([
      {
        level: 50,
        route: '/webhooks/dataverse',
        reason: 'connect ECONNREFUSED 127.0.0.1:1',
        lines: 1,
        msg: 'the ledger is not available: request failed',
      },
      { level: 40, lines: 51, msg: 'the ledger is not available: waking a held deal failed' },
    ]);
    expect(JSON.stringify(lines)).not.toMatch(/stack|secret-password/);
  });

  it('another reason is said at once', async () => {
    const { lines, log } = openLog();
    log.warn({ err: await refusedConnection() }, 'one');
    for (const error of [DISK_FULL, READ_ONLY]) log.warn({ err: await ofLedger(error) }, 'two');
    expect(lines.map(({ reason }) => reason)).toEqual([
      'connect ECONNREFUSED 127.0.0.1:1',
      'could not extend file "base/1/2": No space left on device (53100)',
      'cannot execute INSERT in a read-only transaction (25006)',
    ]);
  });

  it('every line is there for whoever looks for a fault, and when the process ends', async () => {
    const { lines, log } = openLog('debug');
    const away = await refusedConnection();
    for (let count = 0; count < 3; count += 1) log.warn({ err: away }, 'waking a held deal failed');
    expect(lines).toHaveLength(3);
    const ending = openLog();
    for (let count = 0; count < 2; count += 1) ending.log.fatal({ err: away }, 'ends the process');
    expect(ending.lines).toHaveLength(2);
  });

  it('a command says so in one line', async () => {
    expect(describeError(await ofLedger(READ_ONLY))).toBe(
      'the ledger is not available: cannot execute INSERT in a read-only transaction (25006); `dealbridge doctor` tells more',
    );
  });
});

describe('while Temporal is away', () => {
  it('a request that needs it is one line a minute, without a stack', () => {
    const { lines, log } = openLog();
    const details = 'No connection established. Last error: connect ECONNREFUSED 127.0.0.1:7233';
    const cause = Object.assign(new Error(details), { code: 14, details, metadata: {} });
    const away = new Error('Failed to start Workflow', { cause });
    for (let count = 0; count < 3; count += 1) log.error({ err: away, route: '/webhooks/dataverse' }, 'request failed');
    expect(lines).toMatchObject([{ reason: 'no connection', msg: 'Temporal is not available: request failed' }]);
    expect(JSON.stringify(lines)).not.toContain('stack');
    expect(describeError(away)).toBe('Temporal is not available: no connection; `dealbridge doctor` tells more');
  });
});

describe('a failure that is not the ledger’s state', () => {
  it('is logged each time, with its stack', async () => {
    const { lines, log } = openLog();
    const refused = await ofLedger(refusal('22P02', `invalid input syntax for type uuid: "${NAME}"`));
    const foreign = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    for (const err of [refused, refused, foreign, foreign]) log.warn({ err }, 'a step failed');
    expect(lines).toHaveLength(4);
    expect(JSON.stringify(lines)).not.toContain('Kranich');
  });

  it('shows the words of PostgreSQL where they are of the server and not of a row', () => {
    expect(toShownError(DISK_FULL).message).toBe('could not extend file "base/1/2": No space left on device');
    expect(toShownError(refusal('42501', 'permission denied for table deals')).message).toBe(
      'permission denied for table deals',
    );
    for (const code of ['22P02', '23505', '42601'])
      expect(toShownError(refusal(code, NAME)).message).toBe('not shown: it quotes what was read');
  });
});
