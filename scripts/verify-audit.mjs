// Proves an export of the audit trail offline: node scripts/verify-audit.mjs FILE [--seal NUMBER:HASH]…
// Needs nothing but Node, on purpose: whoever doubts the program need not trust it. docs/audit.md has the bytes.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

const NO_HASH = '0'.repeat(64);
const ENTRY_FIELDS = ['chain', 'position', 'previousHash', 'entryId', 'at', 'actor', 'action', 'requestId'];
ENTRY_FIELDS.push('correlationId', 'facts', 'before', 'after', 'personalHash');
const SEAL_FIELDS = ['number', 'at', 'previousHash', 'lastEntryId', 'chainCount', 'changedCount'];

const sha256 = () => createHash('sha256');
const field = (value) => (value === null || value === undefined ? '-' : `${Buffer.byteLength(value)}:${value}`);
const fields = (row, names) => names.map((name) => field(row[name])).join('');

function hashEntry(entry, position = entry.position) {
  const text = field('dealbridge audit entry 1') + fields({ ...entry, position }, ENTRY_FIELDS);
  return sha256().update(text).digest('hex');
}

const USAGE = 'node scripts/verify-audit.mjs FILE [--seal NUMBER:HASH]…';
/** Seals that were noted elsewhere. */
const noted = new Map();
const file = readArguments(process.argv.slice(2));

/** One that is not understood may have been a noted seal: nothing is proved without it. */
function readArguments(args) {
  const files = [];
  const left = args.values();
  for (const arg of left) {
    if (!arg.startsWith('--')) {
      files.push(arg);
      continue;
    }
    const seal = arg === '--seal' ? left.next().value : /^--seal=(.*)$/.exec(arg)?.[1];
    const [, number, hash] = /^([1-9]\d*):([0-9a-f]{64})$/i.exec(seal ?? '') ?? [];
    if (!number) fail(`expected --seal with number and hash, such as 812:5c0f…, got '${seal ?? arg}'; ${USAGE}`);
    noted.set(number, hash.toLowerCase());
  }
  if (files.length !== 1) fail(`which file? ${USAGE}`);
  return files[0];
}

/** The first fault of each chain, and of the seals. */
const faults = new Map();
const report = (chain, position, what) => {
  if (!faults.has(chain)) faults.set(chain, { position, what });
};

let header;
let end;
const seals = { count: 0, previousHash: NO_HASH, open: undefined };
/** What the seals saw of each chain: position -> hash. */
const heads = new Map();
let lastSealedId = 0n;
const counts = { entries: 0, chains: 0, personal: 0, withoutPersonal: 0 };
const seen = new Set();
let chain;

function takeSeal(seal) {
  closeSeal();
  seals.count += 1;
  if (Number(seal.number) !== seals.count) report('seals', seals.count, `is missing; the next one is ${seal.number}`);
  if (seal.previousHash !== seals.previousHash)
    report('seals', seal.number, 'follows another seal than the one before');
  const hash = sha256().update(field('dealbridge audit seal 1') + fields(seal, SEAL_FIELDS));
  seals.open = { seal, hash };
  seals.previousHash = seal.sealHash;
  lastSealedId = BigInt(seal.lastEntryId);
}

function closeSeal() {
  if (!seals.open) return;
  const { seal, hash } = seals.open;
  if (hash.digest('hex') !== seal.sealHash) report('seals', seal.number, 'is altered: it does not give its hash');
  const known = noted.get(seal.number);
  if (known !== undefined && known !== seal.sealHash) report('seals', seal.number, `was noted elsewhere as ${known}`);
  noted.delete(seal.number);
  seals.open = undefined;
}

function takeHead(head) {
  seals.open?.hash.update(fields(head, ['chain', 'position', 'entryHash']));
  if (header.record !== null && header.record !== head.chain) return;
  if (!heads.has(head.chain)) heads.set(head.chain, new Map());
  heads.get(head.chain).set(Number(head.position), { hash: head.entryHash, seal: head.seal });
}

function takeEntry(entry) {
  counts.entries += 1;
  const position = Number(entry.position);
  if (chain?.id !== entry.chain) {
    closeChain();
    if (seen.has(entry.chain)) report(entry.chain, position, 'is inserted: the chain was at its end already');
    seen.add(entry.chain);
    counts.chains += 1;
    // An export since a time begins in the middle of chains: what was before is taken as given.
    const given = header.since !== null ? { expected: position, previousHash: entry.previousHash } : {};
    chain = { id: entry.chain, start: 1, expected: 1, previousHash: NO_HASH, ...given };
    chain.start = chain.expected;
  }
  if (!faults.has(chain.id)) checkEntry(entry, position);
}

function checkEntry(entry, position) {
  if (chain.movedUp !== undefined) {
    if (hashEntry(entry, String(chain.movedUp)) !== entry.entryHash) return;
    report(chain.id, chain.movedUp, `is reordered: what stood here stands at ${position}`);
    return;
  }
  if (hashEntry(entry) !== entry.entryHash) return explain(entry, position);
  if (position > chain.expected) {
    return report(chain.id, chain.expected, `is removed: the next entry is ${position}`);
  }
  if (position < chain.expected) return report(chain.id, position, 'is inserted: two entries claim this position');
  if (entry.previousHash !== chain.previousHash) {
    const text = `is altered: entry ${position} was chained to another one than this`;
    return position === 1
      ? report(chain.id, 1, 'is altered: the first entry follows another one')
      : report(chain.id, position - 1, text);
  }
  const head = heads.get(chain.id)?.get(position);
  if (head && head.hash !== entry.entryHash) {
    const text = `is altered: seal ${head.seal} holds another hash, the chain was written anew up to here or before`;
    return report(chain.id, position, text);
  }
  if (!head && BigInt(entry.entryId) <= lastSealedId && position > lastHead(chain.id)) {
    return report(chain.id, position, 'is inserted: its number is older than the last seal, which does not know it');
  }
  checkPersonal(entry, position);
  chain.expected = position + 1;
  chain.previousHash = entry.entryHash;
}

function explain(entry, position) {
  for (let distance = 1; distance <= 64; distance += 1) {
    if (hashEntry(entry, String(position + distance)) === entry.entryHash) {
      chain.movedUp = position;
      chain.movedFrom = position + distance;
      return;
    }
    if (hashEntry(entry, String(position - distance)) === entry.entryHash) {
      report(chain.id, position - distance, `is inserted: what stood here stands at ${position}`);
      return;
    }
  }
  report(chain.id, position, 'is altered: its content does not give its hash');
}

function checkPersonal(entry, position) {
  if (entry.action === 'erase personal content') chain.withoutPersonal = undefined;
  if (entry.personalHash === null || !header.personal) return;
  if (!entry.personal) {
    counts.withoutPersonal += 1;
    chain.withoutPersonal ??= position;
    return;
  }
  counts.personal += 1;
  const { salt, content } = entry.personal;
  const hash = sha256().update(Buffer.from(salt, 'hex')).update(content).digest('hex');
  if (hash !== entry.personalHash) report(chain.id, position, 'has personal content that does not give its hash');
}

function closeChain() {
  if (!chain) return;
  if (chain.movedUp !== undefined) {
    report(chain.id, chain.movedUp, `is removed: what stands here now was entry ${chain.movedFrom}`);
  }
  if (lastHead(chain.id) >= chain.expected) {
    const { seal } = heads.get(chain.id).get(lastHead(chain.id));
    const text = `is cut off with all that followed: seal ${seal} saw an entry ${lastHead(chain.id)}`;
    report(chain.id, chain.expected, text);
  }
  if (chain.withoutPersonal !== undefined) {
    report(chain.id, chain.withoutPersonal, 'lost its personal content, and no entry tells of an erasure');
  }
}

function lastHead(id) {
  return Math.max(0, ...(heads.get(id)?.keys() ?? []));
}

const take = {
  seal: takeSeal,
  head: takeHead,
  entry(entry) {
    closeSeal();
    takeEntry(entry);
  },
  end(line) {
    end = line;
  },
};

let lineNumber = 0;
try {
  for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    lineNumber += 1;
    takeLine(text);
  }
} catch (error) {
  // What cannot be read is not proved, and not found broken either.
  if (lineNumber > 0) fail(`line ${lineNumber} is none of an export`);
  fail(`FILE: expected an export of the trail that can be read, got '${file}' (${error.code})`);
}

function takeLine(text) {
  let line;
  try {
    line = JSON.parse(text);
  } catch {
    fail(`line ${lineNumber} is no JSON`);
  }
  if (lineNumber === 1) {
    if (line.kind !== 'dealbridge audit export' || line.version !== 1) fail('the file is no export of version 1');
    header = line;
  } else if (Object.hasOwn(take, line.kind)) take[line.kind](line);
  else fail(`line ${lineNumber}: nothing is known of a '${line.kind}'`);
}

closeSeal();
closeChain();
if (!header) fail('the file is empty');
for (const number of noted.keys()) report('seals', number, 'was noted elsewhere and is missing here');
if (!end) report('the file', lineNumber, 'is the last line: the file was cut');
else if (end.entries !== counts.entries || end.seals !== seals.count) {
  report('the file', lineNumber, `tells of ${end.entries} entries and ${end.seals} seals; there are others`);
}
// A chain that a seal saw and the file does not show at all; since a time, a quiet chain has nothing to show.
if (header.since === null) {
  for (const id of heads.keys()) {
    if (!seen.has(id)) report(id, 1, `is cut off with all that followed: seals saw ${lastHead(id)} entries`);
  }
}

for (const [id, { position, what }] of faults) {
  const name =
    id === 'seals' ? `seal ${position}` : id === 'the file' ? `line ${position}` : `chain ${id}, entry ${position}`;
  console.log(`${name} ${what}`);
}
const { entries, chains, personal, withoutPersonal } = counts;
console.log(`${entries} entries in ${chains} chains, ${seals.count} seals`);
if (header.since !== null) console.log(`only entries since ${header.since}: what was before is taken as given`);
if (header.record !== null) console.log(`only the chain ${header.record}`);
if (header.personal) console.log(`personal content: ${personal} proven, ${withoutPersonal} erased`);
else console.log('personal content was left out of the export and is not checked');
if (seals.count === 0) console.log('nothing is sealed yet: entries cut off at an end would not be missed');
console.log(faults.size === 0 ? 'the trail is whole' : `the trail is NOT whole: ${faults.size} faults`);
process.exitCode = faults.size === 0 ? 0 : 1;

function fail(text) {
  console.error(text);
  process.exit(2);
}
