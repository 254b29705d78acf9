import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ensureAlertSettings } from '../../src/process/alert-settings.js';
import { ConfigError, loadConfig, parseRules } from '../../src/process/config.js';
import { toEffectiveSettings } from '../../src/process/effective-settings.js';
import { createKeyLine } from '../../src/secrets/keys.js';

/** The rules and settings of the alerts: whatever is wrong is said at the start. */

const folder = mkdtempSync(join(tmpdir(), 'dealbridge-alerts-'));
afterAll(() => rmSync(folder, { recursive: true }));

const BASE = {
  DATABASE_URL: 'postgres://127.0.0.1/ledger',
  ENTRA_TENANT_ID: 'tenant',
  DATAVERSE_URL: 'https://org.crm4.dynamics.com',
  DATAVERSE_CLIENT_ID: 'sales-app',
  BC_COMPANY: 'Nordwerk',
  BC_CLIENT_ID: 'bc-app',
  DEALBRIDGE_KEYS: createKeyLine(),
};
const RULES = `
alerts:
  timeZone: Europe/Berlin
  quietHours: { from: '20:00', to: '07:00', weekends: true }
  trailAt: '05:30'
  mailFrom: dealbridge@contoso.example
  channels:
    - { name: finance-mail, by: mail, to: [finance@contoso.example], owners: [finance], send: both }
    - { name: it-teams, by: teams, owners: [IT], quiet: false }
    - { name: pager, by: webhook, kinds: [trail, lane], quiet: false }
`;
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text, { mode: 0o600 });
  return join(folder, name);
};
const problemOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('it was taken');
};

describe('the rules of the alerts', () => {
  it('are none by default, and read whole', () => {
    expect(parseRules('').alerts).toMatchObject({ waitingHours: 24, feedMinutes: 30, channels: [] });
    expect(parseRules(RULES).alerts).toMatchObject({
      quietHours: { from: '20:00', to: '07:00', weekends: true },
      trailAt: { hour: 5, minute: 30 },
      channels: [
        {
          name: 'finance-mail',
          by: 'mail',
          to: ['finance@contoso.example'],
          owners: ['finance'],
          send: 'both',
          keepsQuiet: true,
        },
        { name: 'it-teams', to: [], owners: ['IT'], send: 'at-once', keepsQuiet: false },
        { name: 'pager', kinds: ['trail', 'lane'], owners: ['seller', 'master data', 'finance', 'IT'] },
      ],
    });
  });

  it.each([
    [
      'channels: [{ name: a, by: fax }]',
      /rule alerts\.channels\.0\.by: found "fax"; right: one of mail, teams, webhook/,
    ],
    ['channels: [{ name: a, by: teams, owner: IT }]', /rule alerts\.channels\.0.*owner/],
    ['channels: [{ name: a b, by: teams }]', /rule alerts\.channels\.0\.name: found "a b"; right: a name of letters/],
    ['channels: [{ name: a, by: teams, to: [a@contoso.example] }]', /rule alerts\.channels\.0\.to: .*only of mail/],
    ['channels: [{ name: a, by: mail, to: [a@contoso.example] }]', /rule alerts\.mailFrom: .*the sender of mail/],
    ['channels: [{ name: a, by: teams }, { name: a, by: teams }]', /rule alerts\.channels: .*a name each of its own/],
    ["quietHours: { from: '20:00', to: '20:00' }", /rule alerts\.quietHours\.to: .*another time than/],
    ["digestAt: '8'", /rule alerts\.digestAt: found "8"; right: a time of day in the time zone/],
    ['timeZone: Mars', /rule alerts\.timeZone: found "Mars"; right: a time zone such as Europe\/Berlin/],
    ['waitingHours: 0', /rule alerts\.waitingHours: found 0/],
  ])('%s is refused', (text, expected) => {
    expect(problemOf(() => parseRules(`alerts:\n  ${text}\n`))).toMatch(expected);
  });
});

describe('the settings of the alerts', () => {
  const withRules = { ...BASE, DEALBRIDGE_RULES: file('rules.yaml', RULES) };
  const complete = {
    ...withRules,
    DESK_PUBLIC_URL: 'https://desk.contoso.example/',
    ALERT_SMTP_URL_FILE: file('smtp', 'smtps://desk:p%40ss@smtp.contoso.example:465\n'),
    ALERT_TEAMS_URL_FILE: file('teams', 'https://prod.example/workflows/1?sig=abc\n'),
    ALERT_WEBHOOK_URL: 'https://pager.example/in',
    ALERT_WEBHOOK_SECRET: 'a-secret-of-24-characters',
  };

  it('may stand in files, and none of them nor a receiver goes into the trail', () => {
    const config = loadConfig(complete);
    expect(config.alerts.deskUrl).toBe('https://desk.contoso.example');
    expect(() => ensureAlertSettings(config.rules.alerts, config.alerts)).not.toThrow();
    expect(config.alerts.secrets).toEqual({
      smtpUrl: 'smtps://desk:p%40ss@smtp.contoso.example:465',
      teamsUrl: 'https://prod.example/workflows/1?sig=abc',
      webhookUrl: 'https://pager.example/in',
      webhookSecret: 'a-secret-of-24-characters',
    });
    const kept = toEffectiveSettings(config);
    expect(kept).toMatchObject({ 'rules.alerts.channels.0.name': 'finance-mail' });
    expect(JSON.stringify(kept)).not.toMatch(/p%40ss|sig=abc|pager\.example|24-characters|finance@|dealbridge@/);
  });

  it('are asked of the worker by the channels that need them, all at once', () => {
    const { rules, alerts } = loadConfig(withRules);
    const problem = problemOf(() => ensureAlertSettings(rules.alerts, alerts));
    for (const name of [
      'ALERT_SMTP_URL',
      'ALERT_TEAMS_URL',
      'ALERT_WEBHOOK_URL',
      'ALERT_WEBHOOK_SECRET',
      'DESK_PUBLIC_URL',
    ]) {
      expect(problem).toContain(`  setting ${name}: expected `);
    }
    const without = loadConfig(BASE);
    expect(() => ensureAlertSettings(without.rules.alerts, without.alerts)).not.toThrow();
  });

  it.each([
    ['ALERT_SMTP_URL', 'https://smtp.example', /expected a mail server such as smtps/],
    ['ALERT_SMTP_URL', 'smtps://desk:100%@smtp.example', /expected a mail server such as smtps/],
    ['ALERT_TEAMS_URL', 'http://teams.example/1?sig=abc', /expected an https address/],
    ['ALERT_WEBHOOK_URL', 'ftp://pager.example', /expected an https address/],
    ['ALERT_WEBHOOK_SECRET', 'short', /expected at least 24 characters/],
  ])('%s of %s is refused without showing it', (name, value, expected) => {
    const problem = problemOf(() => loadConfig({ ...BASE, [name]: value }));
    expect(problem).toMatch(expected);
    expect(problem).toContain('got a value that is not shown');
    expect(problem).not.toContain(value);
  });
});
