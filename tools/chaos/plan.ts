import type { FaultRule } from '@dealbridge/simulators/kernel/faults.js';
import { createRandom } from '@dealbridge/simulators/kernel/random.js';
import type { Additions } from './additions.js';
import { type PlannedCase, planCases } from './cases.js';
import { type EffectName, effectOf, effectsOf } from './effects.js';
import { planLies } from './lies.js';
import { planRefusals, SETUPS } from './refusals.js';
import { REQUEST_KINDS, type RequestKind, type System } from './request-kinds.js';

/**
 * What goes wrong in a run, all of it from one seeded generator: which request of which kind suffers what, which process
 * is killed at which part of the way, which deals are paid. The same seed gives the same plan; when a request is sent and
 * which deal it belongs to is the machine's affair.
 */

export type ProcessName = 'worker' | 'starter' | 'temporal' | 'ledger';

export interface PlannedKill {
  /** `secret`: the secret of one of the two app registrations expires; `sessions`: sessions of the ledger end; `outage`: Business Central takes nothing; `setup`: it refuses until people mend it. */
  readonly what: ProcessName | 'rules' | 'secret' | 'sessions' | 'outage' | 'setup';
  /** Which of several workers, app registrations, kinds of ends, outages or set-ups, from 0. */
  readonly which: number;
  /** Which part of the way is done by then, between 0 and 1. */
  readonly at: number;
}

/** After so long the expired secret is renewed: beyond the patience of a lane in a run that has the time for it. */
const REFUSED_MS = { short: 8_000, long: 45_000 } as const;
const LONG_FROM_DEALS = 200;

export interface ChaosPlan {
  readonly rules: Readonly<Record<System, readonly FaultRule[]>>;
  readonly kills: readonly PlannedKill[];
  readonly webhooks: { readonly drop: number; readonly double: number; readonly reorder: number };
  readonly cases: ReadonlyMap<number, PlannedCase>;
  readonly refusedMs: number;
  /** A number between 0 and 1 for whatever people decide about a deal. */
  readonly roll: (what: string) => number;
}

/** So many requests of a kind go well between two faults; of a kind that is rare in the run, fewer. */
const GAPS = { frequent: [4, 12], rare: [2, 5] } as const;
const RARE_BELOW = 60;
/** A token that is renewed must not meet a 401 again at once: twice is a refusal, which people clear. */
const GAP_AFTER_401 = 12;

export function makePlan(seed: number, deals: number, workers: number, additions: Additions = new Set()): ChaosPlan {
  const rules: Record<System, FaultRule[]> = { entra: [], dataverse: [], businessCentral: [] };
  for (const of of REQUEST_KINDS) rules[of.system].push(...planRequests(seed, of, deals));
  if (additions.has('not-found'))
    rules.businessCentral.push(...planLies(deals, createRandom(hash(`${seed}/not found`))));
  if (additions.has('refusals')) {
    const refused = planRefusals(deals, createRandom(hash(`${seed}/refusals`)));
    for (const system of ['dataverse', 'businessCentral'] as const) rules[system].push(...refused[system]);
  }
  const roll = (what: string): number => createRandom(hash(`${seed}/${what}`))();
  return {
    rules,
    kills: [
      ...planKills(seed, deals, workers),
      ...(additions.has('changes') ? planOutages(seed, deals) : []),
      ...(additions.has('refusals') ? planSetups(seed, deals) : []),
    ].sort((left, right) => left.at - right.at),
    webhooks: { drop: 0.1, double: 0.1, reorder: 3 },
    cases: planCases(deals, roll),
    refusedMs: deals < LONG_FROM_DEALS ? REFUSED_MS.short : REFUSED_MS.long,
    roll,
  };
}

/** The id of a rule says what it does, so that hits can be counted: `businessCentral/post invoice/lost-after/7`. */
export function readRuleId(id: string): { readonly kind: string; readonly effect: EffectName } {
  const [system, name, effect] = id.split('/');
  return { kind: `${system}: ${name}`, effect: effect as EffectName };
}

function planRequests(seed: number, of: RequestKind, deals: number): FaultRule[] {
  const random = createRandom(hash(`${seed}/${of.system}/${of.name}`));
  const expected = Math.ceil((of.perHundred * deals) / 100);
  const last = Math.max(30, expected * 3);
  const planned: FaultRule[] = [];
  const [shortest, longest] = GAPS[expected < RARE_BELOW ? 'rare' : 'frequent'];
  // What only few kinds of requests can suffer comes first, and what makes a second document of a repeat that does not
  // look; the rest in any order, and then all of them again.
  const all = effectsOf(of);
  let deck = [
    ...shuffled(
      all.filter((name) => !isFirst(of, name)),
      random,
    ),
    ...all.filter((name) => isFirst(of, name)),
  ];
  for (let nth = 1 + Math.floor(random() * shortest); nth <= last; ) {
    if (deck.length === 0) deck = shuffled(all, random);
    const name = deck.pop() as EffectName;
    planned.push({
      id: `${of.system}/${of.name}/${name}/${nth}`,
      match: { method: of.method, path: of.path },
      nth,
      effect: effectOf(of.system, name),
    });
    nth += shortest + Math.floor(random() * (longest - shortest + 1));
    if (name === '401') nth += GAP_AFTER_401;
  }
  return planned;
}

const RARE: ReadonlySet<EffectName> = new Set(['stale-etag', 'expired-delta']);
const DOUBLING: ReadonlySet<EffectName> = new Set(['lost-after', 'late-before']);

function isFirst({ method, system }: RequestKind, effect: EffectName): boolean {
  return RARE.has(effect) || (method === 'POST' && system !== 'entra' && DOUBLING.has(effect));
}

const KILLS_PER_HUNDRED: Readonly<Record<Exclude<PlannedKill['what'], 'rules' | 'outage' | 'setup'>, number>> = {
  worker: 1,
  starter: 0.7,
  temporal: 0.25,
  ledger: 0.25,
  secret: 0.25,
  sessions: 3,
};
const MAX_KILLS = 6;
/** Ends of sessions of three kinds, each at least once. */
const MIN_TIMES: Readonly<Partial<Record<PlannedKill['what'], number>>> = { sessions: 3 };

function planKills(seed: number, deals: number, workers: number): PlannedKill[] {
  const random = createRandom(hash(`${seed}/kills`));
  const kills: PlannedKill[] = [{ what: 'rules', which: 0, at: 0.4 + random() * 0.1 }];
  for (const [what, share] of Object.entries(KILLS_PER_HUNDRED)) {
    const times = Math.min(
      MAX_KILLS,
      Math.max(MIN_TIMES[what as PlannedKill['what']] ?? 1, Math.round((share * deals) / 100)),
    );
    for (let time = 0; time < times; time += 1) {
      // One in each part of the way, so that none is left for a run that is nearly over.
      const at = 0.05 + (0.85 * (time + random())) / times;
      kills.push({ what: what as PlannedKill['what'], which: whichOf(what, time, random() * workers), at });
    }
  }
  return kills;
}

const OUTAGES_PER_HUNDRED = 4;
const MIN_OUTAGES = 4;
const MAX_OUTAGES = 30;

function planOutages(seed: number, deals: number): PlannedKill[] {
  const times = Math.min(MAX_OUTAGES, Math.max(MIN_OUTAGES, Math.round((OUTAGES_PER_HUNDRED * deals) / 100)));
  return planTurns('outage', times, createRandom(hash(`${seed}/outages`)));
}

const ROUNDS_PER_HUNDRED = 2;
const MIN_ROUNDS = 2;

/** As often a period that closes as customers that are blocked. */
function planSetups(seed: number, deals: number): PlannedKill[] {
  const rounds = Math.max(MIN_ROUNDS, Math.round((ROUNDS_PER_HUNDRED * deals) / 100));
  return planTurns('setup', Math.min(MAX_OUTAGES, rounds * SETUPS.length), createRandom(hash(`${seed}/set-ups`)));
}

/** While deals are won: later on hardly any is left that is not posted. */
function planTurns(what: 'outage' | 'setup', times: number, random: () => number): PlannedKill[] {
  return Array.from({ length: times }, (_, time) => ({
    what,
    which: time,
    at: 0.05 + (0.85 * (time + random())) / times,
  }));
}

/** Kinds of ends of sessions, and the two app registrations, take turns. */
function whichOf(what: string, time: number, worker: number): number {
  return what === 'sessions' || what === 'secret' ? time : Math.floor(worker);
}

function shuffled<T>(all: readonly T[], random: () => number): T[] {
  const left = [...all];
  const deck: T[] = [];
  while (left.length > 0) deck.push(...left.splice(Math.floor(random() * left.length), 1));
  return deck;
}

/** FNV-1a: one number from a text. */
function hash(text: string): number {
  let mixed = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) mixed = Math.imul(mixed ^ text.charCodeAt(at), 0x01000193);
  return mixed >>> 0;
}
