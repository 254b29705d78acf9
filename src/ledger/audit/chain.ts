import { createHash } from 'node:crypto';
import { findSignatureFault, type TrailSigner } from './signatures.js';

/** The proof of one chain: the hash of an entry, and a walk that names the first wrong one. docs/audit.md has the bytes. */

/** An entry as the text that was hashed: jsonb and times as PostgreSQL prints them. */
export interface ChainEntry {
  readonly chain: string;
  readonly position: string;
  readonly previousHash: string;
  readonly entryId: string;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly requestId: string | null;
  readonly correlationId: string | null;
  readonly facts: string;
  readonly before: string | null;
  readonly after: string | null;
  readonly personalHash: string | null;
  readonly entryHash: string;
}

/** What stands beside an entry and is checked with it. */
export interface WalkedEntry extends ChainEntry {
  readonly salt: string | null;
  readonly personal: string | null;
  /** A seal that holds another hash of this position. */
  readonly contradictingSeal: string | null;
  readonly signature: string | null;
}

export type FindingKind =
  | 'altered'
  | 'removed'
  | 'reordered'
  | 'inserted'
  | 'cut off'
  | 'signature'
  | 'personal content'
  | 'seal'
  | 'ledger';

export interface Finding {
  readonly kind: FindingKind;
  /** The chain, or `seals`. */
  readonly chain: string;
  readonly position: number;
  readonly entryId?: string;
  readonly text: string;
}

export const NO_HASH = '0'.repeat(64);
export const ERASED = 'erase personal content';

/** Its length in bytes before each value, so that no two entries share an input; nothing is `-`. */
export function toField(value: string | null): string {
  return value === null ? '-' : `${Buffer.byteLength(value)}:${value}`;
}

export function hashEntry(entry: ChainEntry, position = entry.position): string {
  const fields = [
    'dealbridge audit entry 1',
    entry.chain,
    position,
    entry.previousHash,
    entry.entryId,
    entry.at,
    entry.actor,
    entry.action,
    entry.requestId,
    entry.correlationId,
    entry.facts,
    entry.before,
    entry.after,
    entry.personalHash,
  ];
  return createHash('sha256').update(fields.map(toField).join('')).digest('hex');
}

/** How far an entry is searched from the position that it claims. */
const FARTHEST_MOVE = 64;

/** Takes the entries of one chain in the order of their positions; constant memory whatever the length. */
export class ChainWalk {
  private readonly chain: string;
  private readonly signer: TrailSigner | undefined;
  private expected = 1;
  private previousHash = NO_HASH;
  private previousId: string | undefined;
  private finding: Finding | undefined;
  /** An entry that came up from further down: what stood here was removed, unless it turns up below. */
  private movedUp: { readonly at: WalkedEntry; readonly from: number } | undefined;
  private withoutPersonal: WalkedEntry | undefined;

  /** @param signer without one signatures are not looked at */
  constructor(chain: string, signer: TrailSigner | undefined) {
    this.chain = chain;
    this.signer = signer;
  }

  take(entry: WalkedEntry): void {
    this.finding ??= this.movedUp ? this.findBelow(this.movedUp.at, entry) : this.findFault(entry);
  }

  end(): Finding | undefined {
    if (this.finding) return this.finding;
    if (this.movedUp) {
      const { at, from } = this.movedUp;
      return this.toFinding('removed', Number(at.position), undefined, `what stands here now was entry ${from}`);
    }
    const entry = this.withoutPersonal;
    if (!entry) return undefined;
    const text = 'it is gone and no entry tells of an erasure';
    return this.toFinding('personal content', Number(entry.position), entry, text);
  }

  private findFault(entry: WalkedEntry): Finding | undefined {
    const position = Number(entry.position);
    if (hashEntry(entry) !== entry.entryHash) return this.explain(entry, position);
    if (position > this.expected) {
      const last = position - 1;
      const which = last > this.expected ? `the entries ${this.expected} to ${last} are` : 'this entry is';
      return this.toFinding('removed', this.expected, undefined, `${which} missing; the next one is ${position}`);
    }
    if (position < this.expected) return this.toFinding('inserted', position, entry, 'two entries claim this position');
    if (entry.previousHash !== this.previousHash) return this.explainBrokenLink(entry, position);
    if (entry.contradictingSeal !== null) {
      const text = `seal ${entry.contradictingSeal} holds another hash: the chain was written anew up to here or before`;
      return this.toFinding('altered', position, entry, text);
    }
    const unsigned = this.signer && findSignatureFault(this.signer, 'entry', entry.entryHash, entry.signature);
    if (unsigned !== undefined) return this.toFinding('signature', position, entry, unsigned);
    this.expected = position + 1;
    this.previousHash = entry.entryHash;
    this.previousId = entry.entryId;
    return this.findPersonalFault(entry, position);
  }

  /** The content does not give the hash: does it give it at another position? */
  private explain(entry: WalkedEntry, position: number): Finding | undefined {
    const from = findPosition(entry, position);
    if (from === undefined) return this.toFinding('altered', position, entry, 'its content does not give its hash');
    if (from > position) {
      this.movedUp = { at: entry, from };
      return undefined;
    }
    const id = from === position - 1 ? this.previousId : undefined;
    const inserted = id === undefined ? undefined : { entryId: id };
    return this.toFinding('inserted', from, inserted, `what stood here stands at ${position}`);
  }

  private findBelow(at: WalkedEntry, entry: WalkedEntry): Finding | undefined {
    if (hashEntry(entry, at.position) !== entry.entryHash) return undefined;
    return this.toFinding('reordered', Number(at.position), at, `what stood here stands at ${entry.position}`);
  }

  private explainBrokenLink(entry: WalkedEntry, position: number): Finding {
    if (position === 1) return this.toFinding('altered', 1, entry, 'the first entry follows another one');
    const before = this.previousId === undefined ? undefined : { entryId: this.previousId };
    return this.toFinding('altered', position - 1, before, `entry ${position} was chained to another one than this`);
  }

  private findPersonalFault(entry: WalkedEntry, position: number): Finding | undefined {
    if (entry.action === ERASED) this.withoutPersonal = undefined;
    if (entry.personalHash === null) return undefined;
    if (entry.salt === null || entry.personal === null) {
      this.withoutPersonal ??= entry;
      return undefined;
    }
    if (hashPersonal(entry.salt, entry.personal) === entry.personalHash) return undefined;
    return this.toFinding('personal content', position, entry, 'it does not give the hash that the chain holds');
  }

  private toFinding(
    kind: FindingKind,
    position: number,
    entry: { readonly entryId: string } | undefined,
    text: string,
  ): Finding {
    return { kind, chain: this.chain, position, ...(entry && { entryId: entry.entryId }), text };
  }
}

export function hashPersonal(salt: string, content: string): string {
  return createHash('sha256').update(Buffer.from(salt, 'hex')).update(content).digest('hex');
}

function findPosition(entry: ChainEntry, claimed: number): number | undefined {
  for (let distance = 1; distance <= FARTHEST_MOVE; distance += 1) {
    for (const position of [claimed + distance, claimed - distance]) {
      if (position > 0 && hashEntry(entry, String(position)) === entry.entryHash) return position;
    }
  }
  return undefined;
}
