import { describe, expect, it } from 'vitest';
import { FIXED_LIMITS, findBrokenTimeRules, TIME_RULES, type TimeLimits } from '../../src/deal/time-limits.js';
import { ConfigError, loadConfig } from '../../src/process/config.js';
import { createKeyLine } from '../../src/secrets/keys.js';

const RIGHT: TimeLimits = {
  ...FIXED_LIMITS,
  requestMs: 120_000,
  dataverseWindowMs: 150_000,
  businessCentralWindowMs: 600_000,
};

const SETTINGS = {
  DATABASE_URL: 'postgres://localhost/dealbridge',
  ENTRA_TENANT_ID: 'e9da86d3-51cf-4a76-82d8-c50195c3f466',
  DATAVERSE_URL: 'https://org.crm4.dynamics.com/',
  DATAVERSE_CLIENT_ID: 'one',
  BC_COMPANY: 'Company',
  BC_CLIENT_ID: 'two',
  DEALBRIDGE_KEYS: createKeyLine(),
};

function problemsOf(settings: Readonly<Record<string, string>>): readonly string[] {
  try {
    loadConfig({ ...SETTINGS, ...settings });
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n').slice(1);
    throw error;
  }
  return [];
}

describe('time limits that depend on each other', () => {
  it('are right as they are shipped', () => {
    expect(findBrokenTimeRules(RIGHT)).toEqual([]);
    expect(problemsOf({})).toEqual([]);
  });

  it.each<[rule: string, change: Partial<TimeLimits>, setting: string, problem: string]>([
    [
      'request within its step',
      { requestMs: 126_000 },
      'REQUEST_TIMEOUT_MS',
      'expected less than 126000: a step has 150000, of which a token takes 10000 and the look at the environment 14000, got 126000',
    ],
    [
      'ambiguity window of Dataverse after the request',
      { dataverseWindowMs: 120_000 },
      'DATAVERSE_AMBIGUITY_WINDOW_MS',
      'expected more than 120000, which is REQUEST_TIMEOUT_MS, got 120000',
    ],
    [
      'ambiguity window of Business Central after the request',
      { businessCentralWindowMs: 5_000 },
      'BC_AMBIGUITY_WINDOW_MS',
      'expected more than 120000, which is REQUEST_TIMEOUT_MS, got 5000',
    ],
    [
      'two heartbeats within their limit',
      { heartbeatIntervalMs: 3_000 },
      'the heartbeat interval',
      'expected less than 3000: one that is lost must not end the step, got 3000',
    ],
    [
      'grace before force',
      { shutdownGraceMs: 40_000 },
      'the grace time of a shutdown',
      'expected less than 40000, after which steps are left alone, got 40000',
    ],
  ])('%s', (name, change, setting, problem) => {
    expect(findBrokenTimeRules({ ...RIGHT, ...change })).toEqual([{ name, setting, problem }]);
  });

  it('has a case above for every rule', () => {
    expect(TIME_RULES).toHaveLength(5);
  });

  it('are checked at start, all at once and beside other faults', () => {
    const problems = problemsOf({
      REQUEST_TIMEOUT_MS: '130000',
      DATAVERSE_AMBIGUITY_WINDOW_MS: '1000',
      BC_AMBIGUITY_WINDOW_MS: '130000',
      STARTER_PORT: 'high',
    });
    expect(problems.map((line) => /^ {2}setting (\S+):/.exec(line)?.[1])).toEqual([
      'STARTER_PORT',
      'REQUEST_TIMEOUT_MS',
      'DATAVERSE_AMBIGUITY_WINDOW_MS',
      'BC_AMBIGUITY_WINDOW_MS',
    ]);
    expect(problems[2]).toBe(
      '  setting DATAVERSE_AMBIGUITY_WINDOW_MS: expected more than 130000, which is REQUEST_TIMEOUT_MS, got 1000',
    );
  });
});
