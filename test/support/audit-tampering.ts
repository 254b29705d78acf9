import type { Finding } from '../../src/ledger/audit/chain.js';

/** What an owner of the tables may try on the chain $1 of five sealed entries: the finding, and its words offline. */

const where = 'WHERE record_id = $1 AND chain_position =';
export const TAMPERED_ENTRIES: readonly (readonly [
  string,
  Pick<Finding, 'kind' | 'position'>,
  RegExp,
  readonly string[],
])[] = [
  [
    'an altered entry',
    { kind: 'altered', position: 3 },
    /entry 3 is altered/,
    [`UPDATE audit_entries SET facts = '{"total":"99.00"}' ${where} 3`],
  ],
  [
    'an altered time',
    { kind: 'altered', position: 1 },
    /entry 1 is altered/,
    [`UPDATE audit_entries SET at = at - interval '1 microsecond' ${where} 1`],
  ],
  [
    'an altered entry with a hash made to fit',
    { kind: 'altered', position: 3 },
    /entry 3 is altered: entry 4 was chained to another one/,
    [
      `UPDATE audit_entries SET actor = 'mallory' ${where} 3`,
      `UPDATE audit_entries e SET entry_hash = audit_entry_hash(e) ${where} 3`,
    ],
  ],
  ['a removed entry', { kind: 'removed', position: 3 }, /entry 3 is removed/, [`DELETE FROM audit_entries ${where} 3`]],
  [
    'a removed entry whose followers moved up',
    { kind: 'removed', position: 3 },
    /entry 3 is removed: what stands here now was entry 4/,
    [
      `DELETE FROM audit_entries ${where} 3`,
      `UPDATE audit_entries SET chain_position = 3 ${where} 4`,
      `UPDATE audit_entries SET chain_position = 4 ${where} 5`,
    ],
  ],
  [
    'two entries that changed places',
    { kind: 'reordered', position: 2 },
    /entry 2 is reordered/,
    [
      `UPDATE audit_entries SET chain_position = 99 ${where} 2`,
      `UPDATE audit_entries SET chain_position = 2 ${where} 3`,
      `UPDATE audit_entries SET chain_position = 3 ${where} 99`,
    ],
  ],
  [
    'an entry put in between',
    { kind: 'inserted', position: 3 },
    /entry 3 is inserted/,
    [
      `UPDATE audit_entries SET chain_position = 6 ${where} 5`,
      `UPDATE audit_entries SET chain_position = 5 ${where} 4`,
      `UPDATE audit_entries SET chain_position = 4 ${where} 3`,
      `INSERT INTO audit_entries (record_id, actor, action, chain_position, previous_hash, entry_hash)
             SELECT record_id, 'mallory', 'confirm', 3, entry_hash, '' FROM audit_entries ${where} 2`,
      `UPDATE audit_entries e SET entry_hash = audit_entry_hash(e) ${where} 3`,
    ],
  ],
  [
    'a sealed end that was cut off',
    { kind: 'cut off', position: 4 },
    /entry 4 is cut off/,
    ['DELETE FROM audit_entries WHERE record_id = $1 AND chain_position > 3'],
  ],
  [
    'a sealed chain that is gone',
    { kind: 'cut off', position: 1 },
    /entry 1 is cut off/,
    ['DELETE FROM audit_entries WHERE record_id = $1'],
  ],
  [
    'a sealed end that was written anew',
    { kind: 'altered', position: 5 },
    /entry 5 is altered: seal \d+ holds another hash/,
    [
      `UPDATE audit_entries SET actor = 'mallory' ${where} 5`,
      `UPDATE audit_entries e SET entry_hash = audit_entry_hash(e) ${where} 5`,
    ],
  ],
  [
    'an entry added behind a seal with an older number',
    { kind: 'inserted', position: 6 },
    /entry 6 is inserted/,
    [
      `INSERT INTO audit_entries (entry_id, record_id, actor, action, chain_position, previous_hash, entry_hash)
             OVERRIDING SYSTEM VALUE SELECT -entry_id, record_id, 'mallory', 'confirm', 6, entry_hash, '' FROM audit_entries ${where} 5`,
      `UPDATE audit_entries e SET entry_hash = audit_entry_hash(e) ${where} 6`,
    ],
  ],
];

/** On the seal $1, which another one follows. */
export const TAMPERED_SEALS: readonly (readonly [string, string])[] = [
  ['an altered head of a seal', `UPDATE audit_seal_heads SET chain_position = 77 WHERE seal_number = $1`],
  ['a removed head of a seal', 'DELETE FROM audit_seal_heads WHERE seal_number = $1'],
  ['an altered seal', `UPDATE audit_seals SET at = now() WHERE seal_number = $1`],
  ['a removed seal', 'DELETE FROM audit_seals WHERE seal_number = $1'],
];
