import type { Finding } from '../../src/ledger/audit/chain.js';

/**
 * What the owner of the database may try on the chain $1: entries 1 to 4 are under seal 1, number 4 with personal content,
 * and entry 5 came after it. All of them leave hashes, links and seals that fit.
 */
export interface Forgery {
  readonly what: string;
  readonly finds: Pick<Finding, 'kind' | 'position'>;
  readonly statements: readonly string[];
}

const of = (position: number): string => `record_id = $1 AND chain_position = ${position}`;

/** Each entry from here on follows the one before, and its hash is right again. */
function rechain(from: number, to = 5): string[] {
  return Array.from({ length: to - from + 1 }, (_none, index) => from + index).flatMap((position) => [
    `UPDATE audit_entries e SET previous_hash = coalesce((SELECT entry_hash FROM audit_entries b
       WHERE b.record_id = e.record_id AND b.chain_position = e.chain_position - 1), repeat('0', 64)) WHERE ${of(position)}`,
    `UPDATE audit_entries e SET entry_hash = audit_entry_hash(e) WHERE ${of(position)}`,
  ]);
}

/** All seals are made anew by the function of the database; the signature of the first one is kept. */
const RESEAL = ['DELETE FROM audit_seal_heads', 'DELETE FROM audit_seals', 'SELECT seal_audit()'];

const moveUp = (from: number): string[] =>
  Array.from({ length: 5 - from + 1 }, (_none, index) => from + index).map(
    (position) => `UPDATE audit_entries SET chain_position = ${position - 1} WHERE ${of(position)}`,
  );

/** What a role may do that can only add: the triggers chain it as they chain ours. */
export const PLAIN_INSERT = `INSERT INTO audit_entries (record_id, actor, action, facts)
  VALUES ($1, 'ann', 'confirm', '{"v": 1}')`;
/** With the triggers off, or another one in their place. */
const INSERT_AT_END = [
  `INSERT INTO audit_entries (record_id, chain_position, actor, action, previous_hash, entry_hash)
     SELECT record_id, 6, 'ann', 'confirm', entry_hash, '' FROM audit_entries WHERE ${of(5)}`,
  ...rechain(6, 6),
];
const idOf = (position: number): string => `(SELECT entry_id FROM audit_entries WHERE ${of(position)})`;
const SIGNED_ALIKE = (position: number, like: number): string =>
  `INSERT INTO audit_signatures (subject, number, signature)
     SELECT 'entry', ${idOf(position)}, signature FROM audit_signatures WHERE subject = 'entry' AND number = ${idOf(like)}`;

const signature = (position: number) => ({ kind: 'signature' as const, position });

export const FORGERIES: readonly Forgery[] = [
  { what: 'an entry added with the triggers off', finds: signature(6), statements: INSERT_AT_END },
  {
    what: 'an entry added with the signature of another one',
    finds: signature(6),
    statements: [...INSERT_AT_END, SIGNED_ALIKE(6, 5)],
  },
  {
    what: 'an entry added with a signature of a key that the forger made',
    finds: signature(6),
    statements: [
      ...INSERT_AT_END,
      `INSERT INTO audit_signatures SELECT 'entry', ${idOf(6)}, 'forged:' || repeat('0', 64)`,
    ],
  },
  {
    what: 'an entry added to a chain of its own',
    finds: signature(1),
    statements: [
      `INSERT INTO audit_entries (record_id, chain_position, actor, action, previous_hash, entry_hash)
         VALUES ('11111111-0000-4000-8000-000000000001', 1, 'ann', 'confirm', repeat('0', 64), '')`,
      `UPDATE audit_entries e SET entry_hash = audit_entry_hash(e) WHERE record_id = '11111111-0000-4000-8000-000000000001'`,
    ],
  },
  {
    what: 'an entry put in between, and the chain and the seals made anew',
    finds: signature(2),
    statements: [
      ...[5, 4, 3, 2].map((from) => `UPDATE audit_entries SET chain_position = ${from + 1} WHERE ${of(from)}`),
      `INSERT INTO audit_entries (record_id, chain_position, actor, action, previous_hash, entry_hash)
         VALUES ($1, 2, 'ann', 'confirm', '', '')`,
      ...rechain(2, 6),
      ...RESEAL,
    ],
  },
  {
    what: 'an entry after the last seal altered, with its hash',
    finds: signature(5),
    statements: [`UPDATE audit_entries SET facts = '{"v": 1, "number": "INV-2"}' WHERE ${of(5)}`, ...rechain(5)],
  },
  {
    what: 'an entry after the last seal removed from within',
    finds: signature(5),
    statements: [
      ...INSERT_AT_END,
      `DELETE FROM audit_entries WHERE ${of(5)}`,
      `UPDATE audit_entries SET chain_position = 5 WHERE ${of(6)}`,
      ...rechain(5),
    ],
  },
  {
    what: 'the actor of a sealed entry altered, and the chain and the seals made anew',
    finds: signature(2),
    statements: [`UPDATE audit_entries SET actor = 'ann' WHERE ${of(2)}`, ...rechain(2), ...RESEAL],
  },
  {
    what: 'the time of a sealed entry altered, and the chain and the seals made anew',
    finds: signature(3),
    statements: [`UPDATE audit_entries SET at = at - interval '1 day' WHERE ${of(3)}`, ...rechain(3), ...RESEAL],
  },
  {
    what: 'the figures of a sealed entry altered, and the chain and the seals made anew',
    finds: signature(1),
    statements: [
      `UPDATE audit_entries SET facts = facts || '{"total": "1.00"}' WHERE ${of(1)}`,
      ...rechain(1),
      ...RESEAL,
    ],
  },
  {
    what: 'what an entry replaced altered, and the chain and the seals made anew',
    finds: signature(3),
    statements: [`UPDATE audit_entries SET before = NULL, after = NULL WHERE ${of(3)}`, ...rechain(3), ...RESEAL],
  },
  {
    what: 'the id of a request altered, and the chain and the seals made anew',
    finds: signature(2),
    statements: [`UPDATE audit_entries SET request_id = NULL WHERE ${of(2)}`, ...rechain(2), ...RESEAL],
  },
  {
    what: 'a sealed entry removed, and the chain and the seals made anew',
    finds: signature(2),
    statements: [`DELETE FROM audit_entries WHERE ${of(2)}`, ...moveUp(3), ...rechain(2, 4), ...RESEAL],
  },
  {
    what: 'the first entry removed, and the chain and the seals made anew',
    finds: signature(1),
    statements: [`DELETE FROM audit_entries WHERE ${of(1)}`, ...moveUp(2), ...rechain(1, 4), ...RESEAL],
  },
  {
    what: 'two entries in each other’s place, and the chain and the seals made anew',
    finds: signature(2),
    statements: [
      `UPDATE audit_entries SET chain_position = 99 WHERE ${of(2)}`,
      `UPDATE audit_entries SET chain_position = 2 WHERE ${of(3)}`,
      `UPDATE audit_entries SET chain_position = 3 WHERE ${of(99)}`,
      ...rechain(2),
      ...RESEAL,
    ],
  },
  {
    what: 'an entry moved to another chain, and both chains and the seals made anew',
    finds: signature(1),
    statements: [
      `UPDATE audit_entries SET record_id = '11111111-0000-4000-8000-000000000001', chain_position = 1,
         previous_hash = repeat('0', 64) WHERE ${of(5)}`,
      `UPDATE audit_entries e SET entry_hash = audit_entry_hash(e) WHERE record_id = '11111111-0000-4000-8000-000000000001'`,
      ...RESEAL,
    ],
  },
  {
    what: 'an entry under another number, with its signature and its hash',
    finds: signature(5),
    statements: [
      `UPDATE audit_signatures SET number = number + 1000 WHERE subject = 'entry' AND number = ${idOf(5)}`,
      `INSERT INTO audit_entries OVERRIDING SYSTEM VALUE SELECT entry_id + 1000, record_id, 6, at, actor, action, request_id,
         correlation_id, facts, before, after, personal_hash, previous_hash, entry_hash FROM audit_entries WHERE ${of(5)}`,
      `DELETE FROM audit_entries WHERE ${of(5)}`,
      `UPDATE audit_entries SET chain_position = 5 WHERE ${of(6)}`,
      ...rechain(5),
    ],
  },
  {
    what: 'the signature of an entry deleted',
    finds: signature(3),
    statements: [`DELETE FROM audit_signatures WHERE subject = 'entry' AND number = ${idOf(3)}`],
  },
  {
    what: 'the signature of an entry altered',
    finds: signature(3),
    statements: [
      `UPDATE audit_signatures SET signature = reverse(signature) WHERE subject = 'entry' AND number = ${idOf(3)}`,
    ],
  },
  {
    what: 'the signatures of two entries exchanged',
    finds: signature(2),
    statements: [
      `UPDATE audit_signatures s SET signature = o.signature FROM audit_signatures o
         WHERE s.subject = 'entry' AND o.subject = 'entry' AND s.number IN (${idOf(2)}, ${idOf(3)})
           AND o.number IN (${idOf(2)}, ${idOf(3)}) AND o.number <> s.number`,
    ],
  },
  { what: 'all signatures deleted', finds: signature(1), statements: ['DELETE FROM audit_signatures'] },
  {
    what: 'the seals made anew over the entries as they are',
    finds: { kind: 'seal', position: 1 },
    statements: RESEAL,
  },
  {
    what: 'a seal added by the function of the database',
    finds: { kind: 'seal', position: 2 },
    statements: ['SELECT seal_audit()'],
  },
  {
    what: 'a seal with the signature of an entry',
    finds: { kind: 'seal', position: 2 },
    statements: [
      'SELECT seal_audit()',
      `INSERT INTO audit_signatures SELECT 'seal', 2, signature FROM audit_signatures WHERE number = ${idOf(5)}`,
    ],
  },
  {
    what: 'the signature of a seal deleted',
    finds: { kind: 'seal', position: 1 },
    statements: [`DELETE FROM audit_signatures WHERE subject = 'seal'`],
  },
  {
    what: 'personal content altered, with its hash, and the chain and the seals made anew',
    finds: signature(4),
    statements: [
      `UPDATE audit_personal SET content = '{"v": 1, "note": "as Jane agreed"}' WHERE record_id = $1`,
      `UPDATE audit_entries e SET personal_hash = (SELECT encode(sha256(salt || convert_to(content::text, 'UTF8')), 'hex')
         FROM audit_personal p WHERE p.entry_id = e.entry_id) WHERE ${of(4)}`,
      ...rechain(4),
      ...RESEAL,
    ],
  },
  {
    what: 'personal content erased, with an entry of an erasure that nobody made',
    finds: signature(6),
    statements: [
      'DELETE FROM audit_personal WHERE record_id = $1',
      INSERT_AT_END[0]?.replace(`'confirm'`, `'erase personal content'`) ?? '',
      ...rechain(6, 6),
    ],
  },
  {
    what: 'personal content erased, and a later entry renamed to an erasure',
    finds: signature(5),
    statements: [
      'DELETE FROM audit_personal WHERE record_id = $1',
      `UPDATE audit_entries SET action = 'erase personal content' WHERE ${of(5)}`,
      ...rechain(5),
    ],
  },
  {
    what: 'personal content erased, as if the entry had never had any',
    finds: signature(4),
    statements: [
      'DELETE FROM audit_personal WHERE record_id = $1',
      `UPDATE audit_entries SET personal_hash = NULL WHERE ${of(4)}`,
      ...rechain(4),
      ...RESEAL,
    ],
  },
  {
    what: 'personal content erased without any entry',
    finds: { kind: 'personal content', position: 4 },
    statements: ['DELETE FROM audit_personal WHERE record_id = $1'],
  },
];
