import { describe, expect, it } from 'vitest';
import { FEED_TABLES } from '../../src/deal/ids.js';
import { ConfigError, parseRules } from '../../src/process/config.js';

describe('the rules of feeds and events', () => {
  it('have defaults: all four events, every thirty seconds, nothing older than the feed', () => {
    const { events, feeds } = parseRules('');
    expect([...events]).toEqual(['opportunityWon', 'quoteWon', 'orderCreated', 'orderSubmitted']);
    expect(feeds).toMatchObject({ countDays: 7, countAt: { hour: 3, minute: 0 } });
    expect(Object.keys(feeds.tables).sort()).toEqual([...FEED_TABLES].sort());
    for (const settings of Object.values(feeds.tables)) {
      expect(settings).toEqual({ everySeconds: 30, pageSize: 500, from: 'now' });
    }
  });

  it('may differ for a table', () => {
    const { feeds } = parseRules(`
feeds:
  everySeconds: 10
  from: 2026-01-31
  countAt: "23:45"
  tables:
    account: { everySeconds: 300, pageSize: 5000 }
    quote: { from: now }`);
    expect(feeds.tables.account).toEqual({
      everySeconds: 300,
      pageSize: 5_000,
      from: new Date('2026-01-31T00:00:00Z'),
    });
    expect(feeds.tables.quote).toEqual({ everySeconds: 10, pageSize: 500, from: 'now' });
    expect(feeds.countAt).toEqual({ hour: 23, minute: 45 });
  });

  const bad: readonly (readonly [string, string, RegExp])[] = [
    ['an event that is none', 'events: [orderWon]', /rule events\.0: found "orderWon"/],
    ['no event at all', 'events: []', /rule events: found \[\]; right: at least one of opportunityWon/],
    ['a page that Dataverse does not give', 'feeds: { pageSize: 5001 }', /rule feeds\.pageSize: found 5001/],
    ['a beginning that is no date', 'feeds: { from: yesterday }', /rule feeds\.from: found "yesterday"/],
    [
      'an hour that does not exist',
      'feeds: { countAt: "25:00" }',
      /rule feeds\.countAt: found "25:00"; right: a time of day/,
    ],
    ['a table that has no feed', 'feeds: { tables: { lead: {} } }', /rule feeds\.tables/],
    ['a setting that does not exist', 'feeds: { every: 5 }', /rule feeds/],
  ];
  for (const [what, yaml, message] of bad) {
    it(`${what} is refused by name`, () => {
      expect(() => parseRules(yaml)).toThrow(ConfigError);
      expect(() => parseRules(yaml)).toThrow(message);
    });
  }
});
