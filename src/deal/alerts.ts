import { isDigestDue, isQuiet, type QuietHours, toLocalTime } from './alert-times.js';
import { FLOW_NOTES, type FlowName, type FlowNote } from './flows.js';
import { HOLDS, type HoldOwner, type HoldReason } from './holds.js';

/** What people are told of without having asked: what stands now, sorted into messages, each cause said once. */

export const ALERT_KINDS = ['hold', 'waiting', 'feed', 'flow', 'credential', 'trail', 'lane'] as const;
export type AlertKind = (typeof ALERT_KINDS)[number];

/** Something that stands now and that somebody should know of. */
export interface AlertCause {
  /** The same as long as it is the same cause. */
  readonly key: string;
  readonly kind: AlertKind;
  readonly owner: HoldOwner;
  /** Causes with the same subject make one line. */
  readonly subject: string;
  /** What is to be done; the same for one subject. */
  readonly advice: string;
  /** Number of the record in Sales, of an opportunity the beginning of its id: no name, nothing personal. */
  readonly number?: string | undefined;
  /** Of the page of the desk. */
  readonly path: string;
}

export interface AlertGroup {
  readonly kind: AlertKind;
  readonly subject: string;
  readonly advice: string;
  readonly count: number;
  /** The first few, in the order in which they were found. */
  readonly numbers: readonly string[];
  readonly link: string;
}

export interface AlertContent {
  readonly owner: HoldOwner;
  readonly title: string;
  readonly groups: readonly AlertGroup[];
  readonly link: string;
}

export interface AlertChannel {
  readonly name: string;
  readonly by: 'mail' | 'teams' | 'webhook';
  /** Addresses of mail. */
  readonly to: readonly string[];
  readonly owners: readonly HoldOwner[];
  readonly kinds: readonly AlertKind[];
  readonly send: 'at-once' | 'daily' | 'both';
  /** False: also in quiet hours. */
  readonly keepsQuiet: boolean;
}

export interface AlertRules {
  readonly waitingHours: number;
  readonly feedMinutes: number;
  readonly credentialDays: number;
  /** When the audit trail is proved each day (UTC). */
  readonly trailAt: { readonly hour: number; readonly minute: number };
  readonly timeZone: string;
  readonly quietHours: QuietHours | undefined;
  /** In {@link timeZone}. */
  readonly digestAt: string;
  readonly mailFrom: string | undefined;
  readonly channels: readonly AlertChannel[];
}

export interface AlertDraft {
  readonly owner: HoldOwner;
  /** The day, for a digest. */
  readonly digestOf: string | undefined;
  readonly content: AlertContent;
}

/** What is to be said now over one channel, of causes that come page by page: of them only counts and the first few numbers are kept. */
export interface MessagePlan {
  /** The channel keeps its quiet hours now: what waits for it waits until they end. */
  readonly isSilent: boolean;
  /** Returns those that go into a message of what is new. */
  add(causes: readonly AlertCause[], sentCauses: ReadonlySet<string>): readonly AlertCause[];
  /** Those that stand of what a message has to say that waits: it says them as they are by now. */
  addAgain(causes: readonly AlertCause[]): void;
  drafts(): AlertDraft[];
  /** What the messages that wait have to say, by their owner. */
  renewed(): readonly AlertContent[];
}

export function createMessagePlan(
  channel: AlertChannel,
  {
    waitingOwners,
    waitingDigests = new Map(),
    now,
    rules,
    deskUrl,
  }: {
    /** To whom a message waits: what is new since goes into the next one. */
    readonly waitingOwners: ReadonlySet<string>;
    /** The day of the digest that waits, by its owner: what it says is brought up to date until it is taken. */
    readonly waitingDigests?: ReadonlyMap<string, string>;
    readonly now: Date;
    readonly rules: Pick<AlertRules, 'timeZone' | 'quietHours' | 'digestAt'>;
    readonly deskUrl: string;
  },
): MessagePlan {
  const local = toLocalTime(now, rules.timeZone);
  const quietHours = channel.keepsQuiet ? rules.quietHours : undefined;
  const isSilent = quietHours !== undefined && isQuiet(local, quietHours);
  const sendsNew = !isSilent && channel.send !== 'daily';
  const isDue = isDigestDue(local, rules.digestAt, quietHours);
  const sendsAll = !isSilent && channel.send !== 'at-once' && (isDue || waitingDigests.size > 0);
  const dayFor = (owner: string): string | undefined => (isDue ? local.day : waitingDigests.get(owner));
  const [added, again] = [createSummaries('new', deskUrl), createSummaries('new', deskUrl)];
  const open = createSummaries('open', deskUrl);
  return {
    isSilent,
    add(causes, sentCauses) {
      // A digest has all of them; a channel that is told at once as well gets the new ones by themselves.
      if (sendsAll) for (const cause of causes) open.add(cause);
      if (!sendsNew) return [];
      const fresh = causes.filter(({ key, owner }) => !sentCauses.has(key) && !waitingOwners.has(owner));
      for (const cause of fresh) added.add(cause);
      return fresh;
    },
    addAgain(causes) {
      for (const cause of causes) again.add(cause);
    },
    renewed: () => again.list(),
    drafts: () => [
      ...added.list().map((content) => ({ owner: content.owner, digestOf: undefined, content })),
      ...open.list().flatMap((content) => {
        const digestOf = dayFor(content.owner);
        return digestOf === undefined ? [] : [{ owner: content.owner, digestOf, content }];
      }),
    ],
  };
}

export function concerns(
  { owners, kinds }: Pick<AlertChannel, 'owners' | 'kinds'>,
  causes: readonly AlertCause[],
): AlertCause[] {
  return causes.filter(({ owner, kind }) => owners.includes(owner) && kinds.includes(kind));
}

const SHOWN_NUMBERS = 10;

interface Summary {
  count: number;
  /** By kind and subject. */
  readonly groups: Map<string, { readonly first: AlertCause; count: number; readonly numbers: string[] }>;
}

/** One for each owner. */
function createSummaries(word: 'new' | 'open', deskUrl: string) {
  const summaries = new Map<HoldOwner, Summary>();
  return {
    add(cause: AlertCause): void {
      const { owner, kind, subject, number } = cause;
      const summary = summaries.get(owner) ?? { count: 0, groups: new Map() };
      const key = `${kind} ${subject}`;
      const group = summary.groups.get(key) ?? { first: cause, count: 0, numbers: [] };
      summary.count += 1;
      group.count += 1;
      if (number !== undefined && group.numbers.length < SHOWN_NUMBERS) group.numbers.push(number);
      summary.groups.set(key, group);
      summaries.set(owner, summary);
    },
    list: (): AlertContent[] =>
      [...summaries].map(([owner, { count, groups }]) => ({
        owner,
        title: `Dealbridge: ${count} ${word} for ${owner}`,
        // The most frequent first.
        groups: [...groups.values()]
          .sort((a, b) => b.count - a.count)
          .map(({ first: { kind, subject, advice, path }, count: ofGroup, numbers }) => ({
            ...{ kind, subject, advice, count: ofGroup, numbers },
            link: `${deskUrl}${path}`,
          })),
        link: `${deskUrl}/`,
      })),
  };
}

/** A deal that stands: held, or waiting for longer than the rules allow. */
export function toDealCauses(
  deal: {
    readonly recordId: string;
    readonly number: string | undefined;
    /** Undefined: it waits for its confirmation. */
    readonly reason: HoldReason | undefined;
    /** What else it is held for: each is somebody's move at the same time. */
    readonly otherReasons: readonly HoldReason[];
    readonly since: Date;
  },
  waitingBefore: Date,
  waitingHours: number,
): AlertCause[] {
  const { recordId, number, reason, otherReasons, since } = deal;
  const reasons = reason === undefined ? [] : [...new Set([reason, ...otherReasons])];
  const causes = reasons.map((one): AlertCause => {
    const { owner, nextStep } = HOLDS[one];
    const path = `/?view=held&reason=${one}`;
    return { number, key: `hold ${recordId} ${one}`, kind: 'hold', owner, subject: one, advice: nextStep, path };
  });
  if (since >= waitingBefore) return causes;
  const common = { number, kind: 'waiting' } as const;
  if (reason === undefined) {
    const subject = `confirmation for more than ${waitingHours} h`;
    const advice = 'Confirm or reject at the desk.';
    const key = `waiting ${recordId} confirmation`;
    return [...causes, { ...common, key, owner: 'finance', subject, advice, path: '/?view=to-confirm' }];
  }
  const subject = `a hold for more than ${waitingHours} h`;
  const advice = 'Clear what holds it, or say who does.';
  // Once to each owner, however many of the faults are theirs.
  const ofOwners = new Map([...reasons].reverse().map((one) => [HOLDS[one].owner, one]));
  for (const [owner, one] of ofOwners)
    causes.push({ ...common, key: `waiting ${recordId} ${one}`, owner, subject, advice, path: '/?view=held' });
  return causes;
}

/** A flow that carries nothing, or not all, for what its rule says: one line, however many things it concerns. */
export function toFlowCause(flow: FlowName, companyId: string, reason: FlowNote): AlertCause {
  const { owner, nextStep } = FLOW_NOTES[reason];
  const key = `flow ${flow} ${companyId} ${reason}`;
  return { key, kind: 'flow', owner, subject: `${flow}: ${reason}`, advice: nextStep, path: '/feeds' };
}

/** One that fails as a whole; what it was answered last stands on the page of the feeds. */
export function toStandingFlowCause(flow: FlowName, companyId: string, company: string): AlertCause {
  const advice = 'See what the flow was answered last: on the page of the feeds, or by `dealbridge flows list`.';
  const subject = `${flow} of ${company}: stands still`;
  return { key: `flow ${flow} ${companyId} stands still`, kind: 'flow', owner: 'IT', subject, advice, path: '/feeds' };
}

type SystemKind = Exclude<AlertKind, 'hold' | 'waiting' | 'flow'>;

/** What no deal is to blame for is for IT. */
export function toSystemCause(kind: SystemKind, name: string, subject: string): AlertCause {
  const { advice, path } = SYSTEM_ADVICE[kind];
  return { key: `${kind} ${name}`, kind, owner: 'IT', subject, advice, path };
}

const SYSTEM_ADVICE: Readonly<Record<SystemKind, { readonly advice: string; readonly path: string }>> = {
  feed: { advice: 'See whether a worker runs and what the feed was answered last.', path: '/feeds' },
  credential: { advice: 'Make a new one and give it to `dealbridge credentials set`.', path: '/health-check' },
  trail: { advice: 'Run `dealbridge audit verify`, and keep the database as it is.', path: '/health-check' },
  lane: { advice: 'See `dealbridge doctor`: the sign-in is refused, and deals wait for it.', path: '/health-check' },
};
