import { describe, expect, it } from 'vitest';
import { isQuiet, toLocalTime } from '../../src/deal/alert-times.js';
import { type AlertCause, concerns, createMessagePlan, toDealCauses, toSystemCause } from '../../src/deal/alerts.js';
import { DESK, heldCauses, makeAlertRules, makeChannel } from '../support/alerts.js';

/** Which messages a channel is to be given, from what stands and what it was told. */

const TUESDAY_NOON = new Date('2026-03-31T12:00:00Z');
const NOTHING_TOLD = { toldCauses: new Set<string>(), waitingOwners: new Set<string>() };
const at = (now: Date, rules = makeAlertRules()) => ({ memory: NOTHING_TOLD, now, rules, deskUrl: DESK });

/** Of causes that come in pages of two. */
function planMessages(
  channel: ReturnType<typeof makeChannel>,
  standing: readonly AlertCause[],
  { memory, ...given }: ReturnType<typeof at>,
) {
  const plan = createMessagePlan(channel, { ...given, waitingOwners: memory.waitingOwners });
  const fresh: AlertCause[] = [];
  for (let first = 0; first < standing.length; first += 2)
    fresh.push(...plan.add(concerns(channel, standing.slice(first, first + 2)), memory.toldCauses));
  const causesOf = (owner: string) => fresh.filter((cause) => cause.owner === owner).map(({ key }) => key);
  return plan
    .drafts()
    .map((draft) => ({ ...draft, causes: draft.digestOf === undefined ? causesOf(draft.owner) : [] }));
}

describe('what is new', () => {
  const standing = [
    ...heldCauses('customer-missing', 'OPP-1', 'OPP-2'),
    ...heldCauses('item-missing', 'OPP-3'),
    ...heldCauses('not-won', 'OPP-4'),
    toSystemCause('lane', 'dataverse https://org', 'dataverse'),
  ];

  it('is one message for each owner, with one line for each reason, the most frequent first', () => {
    const drafts = planMessages(makeChannel(), standing, at(TUESDAY_NOON));
    expect(
      drafts.map(({ owner, content }) => [owner, content.groups.map(({ subject, count }) => [subject, count])]),
    ).toEqual([
      [
        'master data',
        [
          ['customer-missing', 2],
          ['item-missing', 1],
        ],
      ],
      ['seller', [['not-won', 1]]],
      ['IT', [['dataverse', 1]]],
    ]);
    expect(drafts[0]?.content).toMatchObject({
      title: 'Dealbridge: 3 new for master data',
      link: 'https://desk.example/',
    });
    expect(drafts[0]?.content.groups[0]).toEqual({
      kind: 'hold',
      subject: 'customer-missing',
      advice: expect.stringContaining('Create the customer'),
      count: 2,
      numbers: ['OPP-1', 'OPP-2'],
      link: 'https://desk.example/?view=held&reason=customer-missing',
    });
    expect(drafts[0]?.causes).toEqual([
      'hold record-OPP-1 customer-missing',
      'hold record-OPP-2 customer-missing',
      'hold record-OPP-3 item-missing',
    ]);
  });

  it('is what the channel is about, and nothing else', () => {
    const channel = makeChannel({ owners: ['seller', 'IT'], kinds: ['hold'] });
    expect(planMessages(channel, standing, at(TUESDAY_NOON)).map(({ owner }) => owner)).toEqual(['seller']);
  });

  it('leaves out what was told, and waits as long as a message to the same owner waits', () => {
    const memory = {
      toldCauses: new Set(['hold record-OPP-1 customer-missing']),
      waitingOwners: new Set(['seller', 'IT']),
    };
    const drafts = planMessages(makeChannel(), standing, { ...at(TUESDAY_NOON), memory });
    expect(drafts.map(({ causes }) => causes)).toEqual([
      ['hold record-OPP-2 customer-missing', 'hold record-OPP-3 item-missing'],
    ]);
  });

  it('shows the first ten numbers of many and counts all', () => {
    const many = heldCauses('not-won', ...Array.from({ length: 230 }, (_, index) => `OPP-${index}`));
    const [draft] = planMessages(makeChannel(), many, at(TUESDAY_NOON));
    expect(draft?.content.groups).toMatchObject([{ count: 230, numbers: { length: 10 } }]);
    expect(draft?.causes).toHaveLength(230);
  });

  it('a deal that waits for longer than the rules allow is told of a second time, as waiting', () => {
    const deal = { recordId: 'r', number: 'OPP-9', otherReasons: [], since: new Date(1_000) };
    const causes = (reason: 'not-won' | undefined, before: number) =>
      toDealCauses({ ...deal, reason }, new Date(before), 24).map(({ key, owner, path }) => [key, owner, path]);
    expect(causes('not-won', 1_000)).toEqual([['hold r not-won', 'seller', '/?view=held&reason=not-won']]);
    expect(causes('not-won', 1_001)).toEqual([
      ['hold r not-won', 'seller', '/?view=held&reason=not-won'],
      ['waiting r not-won', 'seller', '/?view=held'],
    ]);
    expect(causes(undefined, 1_001)).toEqual([['waiting r confirmation', 'finance', '/?view=to-confirm']]);
  });

  it('a deal with several faults is told to the owner of each', () => {
    const deal = { recordId: 'r', number: 'OPP-9', reason: 'no-currency', since: new Date(1_000) } as const;
    const causes = toDealCauses({ ...deal, otherReasons: ['no-lines', 'customer-blocked'] }, new Date(1_001), 24);
    expect(causes.map(({ key, owner }) => [key, owner])).toEqual([
      ['hold r no-currency', 'seller'],
      ['hold r no-lines', 'seller'],
      ['hold r customer-blocked', 'finance'],
      ['waiting r customer-blocked', 'finance'],
      ['waiting r no-currency', 'seller'],
    ]);
  });
});

describe('quiet hours', () => {
  const NIGHT = { from: '20:00', to: '07:00', weekends: true };

  it.each([
    ['2026-03-31T04:59:00Z', true],
    ['2026-03-31T05:00:00Z', false],
    ['2026-03-31T17:59:00Z', false],
    ['2026-03-31T18:00:00Z', true],
    // Saturday noon.
    ['2026-04-04T10:00:00Z', true],
    // Friday 23:00 in UTC is Saturday in Berlin.
    ['2026-04-03T23:00:00Z', true],
    // The clock went forward on March 29: an hour earlier in UTC.
    ['2026-03-27T05:30:00Z', true],
  ])('are those of the clock on the wall: %s is quiet: %s', (time, quiet) => {
    expect(isQuiet(toLocalTime(new Date(time), 'Europe/Berlin'), NIGHT)).toBe(quiet);
  });

  it('may lie within one day', () => {
    const noon = { from: '12:00', to: '13:00', weekends: false };
    const times = ['2026-04-04T11:59:00Z', '2026-04-04T12:00:00Z', '2026-04-04T13:00:00Z'];
    expect(times.map((time) => isQuiet(toLocalTime(new Date(time), 'UTC'), noon))).toEqual([false, true, false]);
  });

  it('keep every message back, but for a channel that does not keep them', () => {
    const rules = makeAlertRules({ quietHours: NIGHT });
    const night = at(new Date('2026-03-31T23:00:00Z'), rules);
    const standing = heldCauses('not-won', 'OPP-1');
    expect(planMessages(makeChannel({ send: 'both' }), standing, night)).toEqual([]);
    expect(planMessages(makeChannel({ keepsQuiet: false }), standing, night)).toHaveLength(1);
  });
});

describe('the digest of a day', () => {
  const standing = [...heldCauses('not-won', 'OPP-1'), ...heldCauses('item-missing', 'OPP-2', 'OPP-3')];
  const rules = makeAlertRules({ timeZone: 'Europe/Berlin' });

  it('says from its time on everything that stands, one for each owner, told before or not', () => {
    const channel = makeChannel({ send: 'daily' });
    expect(planMessages(channel, standing, at(new Date('2026-03-31T05:59:00Z'), rules))).toEqual([]);
    const memory = { ...NOTHING_TOLD, toldCauses: new Set(standing.map(({ key }) => key)) };
    const drafts = planMessages(channel, standing, { ...at(new Date('2026-03-31T06:00:00Z'), rules), memory });
    expect(drafts.map(({ owner, digestOf, content }) => [owner, digestOf, content.title])).toEqual([
      ['seller', '2026-03-31', 'Dealbridge: 1 open for seller'],
      ['master data', '2026-03-31', 'Dealbridge: 2 open for master data'],
    ]);
  });

  it('whose time lies in quiet hours comes when they end, also when that is the next morning', () => {
    const quietHours = { from: '20:00', to: '07:00', weekends: false };
    const plan = (digestAt: string, time: string, keepsQuiet = true) =>
      planMessages(
        makeChannel({ send: 'daily', keepsQuiet }),
        standing,
        at(new Date(time), makeAlertRules({ quietHours, digestAt })),
      ).map(({ owner, digestOf }) => `${owner} ${digestOf}`);
    const all = ['seller 2026-03-31', 'master data 2026-03-31'];
    for (const digestAt of ['06:00', '20:00', '21:00']) {
      expect(plan(digestAt, '2026-03-31T06:59:00Z')).toEqual([]);
      expect(plan(digestAt, '2026-03-31T07:00:00Z')).toEqual(all);
      expect(plan(digestAt, '2026-03-31T21:00:00Z')).toEqual([]);
    }
    expect(plan('19:59', '2026-03-31T07:00:00Z')).toEqual([]);
    // Whoever does not keep them gets it at its time.
    expect(plan('21:00', '2026-03-31T07:00:00Z', false)).toEqual([]);
    expect(plan('21:00', '2026-03-31T21:00:00Z', false)).toEqual(all);
  });

  it('comes beside what is new where both are wanted, and not at all where nothing stands', () => {
    const channel = makeChannel({ send: 'both' });
    const drafts = planMessages(channel, heldCauses('not-won', 'OPP-1'), at(TUESDAY_NOON));
    expect(drafts.map(({ digestOf }) => digestOf)).toEqual([undefined, '2026-03-31']);
    expect(planMessages(channel, [], at(TUESDAY_NOON))).toEqual([]);
  });
});
