import { isDigestDue, isQuiet, type QuietHours, toLocalTime } from './alert-times.js';
import { InternalError } from './errors.js';
import { HOLDS, type HoldOwner, type HoldReason } from './holds.js';

/** What people are told of without having asked: what stands now, sorted into messages, each cause said once. */

export const ALERT_KINDS = ['hold', 'waiting', 'feed', 'credential', 'trail', 'lane'] as const;
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

/** What one channel was told already, and what still waits to be told. */
export interface ChannelMemory {
  readonly toldCauses: ReadonlySet<string>;
  /** To whom a message waits: what is new since goes into the next one. */
  readonly waitingOwners: ReadonlySet<string>;
}

export interface AlertDraft {
  readonly owner: HoldOwner;
  /** The day, for a digest. */
  readonly digestOf: string | undefined;
  readonly causes: readonly string[];
  readonly content: AlertContent;
}

/** The messages that one channel is to be given now. */
export function planMessages(
  channel: AlertChannel,
  standing: readonly AlertCause[],
  {
    memory,
    now,
    rules,
    deskUrl,
  }: {
    readonly memory: ChannelMemory;
    readonly now: Date;
    readonly rules: Pick<AlertRules, 'timeZone' | 'quietHours' | 'digestAt'>;
    readonly deskUrl: string;
  },
): AlertDraft[] {
  const local = toLocalTime(now, rules.timeZone);
  if (channel.keepsQuiet && rules.quietHours && isQuiet(local, rules.quietHours)) return [];
  const concerned = concerns(channel, standing);
  const news = concerned.filter(({ key, owner }) => !memory.toldCauses.has(key) && !memory.waitingOwners.has(owner));
  const drafts: AlertDraft[] = [];
  if (channel.send !== 'daily') {
    for (const [owner, causes] of byOwner(news)) {
      const content = toContent(owner, causes, 'new', deskUrl);
      drafts.push({ owner, digestOf: undefined, causes: causes.map(({ key }) => key), content });
    }
  }
  if (channel.send !== 'at-once' && isDigestDue(local, rules.digestAt)) {
    for (const [owner, causes] of byOwner(concerned)) {
      // What stands in it is told, but a channel that is told at once as well hears of news by itself.
      drafts.push({ owner, digestOf: local.day, causes: [], content: toContent(owner, causes, 'open', deskUrl) });
    }
  }
  return drafts;
}

export function concerns(
  { owners, kinds }: Pick<AlertChannel, 'owners' | 'kinds'>,
  standing: readonly AlertCause[],
): AlertCause[] {
  return standing.filter(({ owner, kind }) => owners.includes(owner) && kinds.includes(kind));
}

function byOwner(causes: readonly AlertCause[]): Map<HoldOwner, AlertCause[]> {
  const groups = new Map<HoldOwner, AlertCause[]>();
  for (const cause of causes) groups.set(cause.owner, [...(groups.get(cause.owner) ?? []), cause]);
  return groups;
}

/** The most frequent first. */
function toContent(
  owner: HoldOwner,
  causes: readonly AlertCause[],
  word: 'new' | 'open',
  deskUrl: string,
): AlertContent {
  const groups = new Map<string, AlertCause[]>();
  for (const cause of causes) {
    const key = `${cause.kind} ${cause.subject}`;
    groups.set(key, [...(groups.get(key) ?? []), cause]);
  }
  const sorted = [...groups.values()].sort((a, b) => b.length - a.length);
  return {
    owner,
    title: `Dealbridge: ${causes.length} ${word} for ${owner}`,
    groups: sorted.map((group) => toGroup(group, deskUrl)),
    link: `${deskUrl}/`,
  };
}

const SHOWN_NUMBERS = 10;

function toGroup(causes: readonly AlertCause[], deskUrl: string): AlertGroup {
  const [first] = causes;
  if (!first) throw new InternalError('a group of alerts has no cause');
  const { kind, subject, advice, path } = first;
  const numbers = causes.flatMap(({ number }) => number ?? []).slice(0, SHOWN_NUMBERS);
  return { kind, subject, advice, count: causes.length, numbers, link: `${deskUrl}${path}` };
}

/** A deal that stands: held, or waiting for longer than the rules allow. */
export function toDealCauses(
  deal: {
    readonly recordId: string;
    readonly number: string | undefined;
    /** Undefined: it waits for its confirmation. */
    readonly reason: HoldReason | undefined;
    readonly since: Date;
  },
  waitingBefore: Date,
  waitingHours: number,
): AlertCause[] {
  const { recordId, number, reason, since } = deal;
  const causes: AlertCause[] = [];
  const common = { number };
  if (reason !== undefined) {
    const { owner, nextStep } = HOLDS[reason];
    const path = `/?view=held&reason=${reason}`;
    causes.push({
      ...common,
      key: `hold ${recordId} ${reason}`,
      kind: 'hold',
      owner,
      subject: reason,
      advice: nextStep,
      path,
    });
  }
  if (since < waitingBefore) {
    causes.push({
      ...common,
      key: `waiting ${recordId} ${reason ?? 'confirmation'}`,
      kind: 'waiting',
      owner: reason === undefined ? 'finance' : HOLDS[reason].owner,
      subject: `${reason === undefined ? 'confirmation' : 'a hold'} for more than ${waitingHours} h`,
      advice: reason === undefined ? 'Confirm or reject at the desk.' : 'Clear what holds it, or say who does.',
      path: reason === undefined ? '/?view=to-confirm' : '/?view=held',
    });
  }
  return causes;
}

/** What no deal is to blame for is for IT. */
export function toSystemCause(kind: Exclude<AlertKind, 'hold' | 'waiting'>, name: string, subject: string): AlertCause {
  const { advice, path } = SYSTEM_ADVICE[kind];
  return { key: `${kind} ${name}`, kind, owner: 'IT', subject, advice, path };
}

const SYSTEM_ADVICE: Readonly<
  Record<Exclude<AlertKind, 'hold' | 'waiting'>, { readonly advice: string; readonly path: string }>
> = {
  feed: { advice: 'See whether a worker runs and what the feed was answered last.', path: '/feeds' },
  credential: { advice: 'Make a new one and give it to `dealbridge credentials set`.', path: '/health-check' },
  trail: { advice: 'Run `dealbridge audit verify`, and keep the database as it is.', path: '/health-check' },
  lane: { advice: 'See `dealbridge doctor`: the sign-in is refused, and deals wait for it.', path: '/health-check' },
};
