import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What somebody without a secret may send to a starter, while its systems go on sending webhooks. */

export interface Attack {
  readonly port: number;
  /** Of the starter: its memory is watched. */
  readonly pid: number;
  readonly webhookSecret: string;
  readonly addressKey: string;
  readonly clientState: string;
  readonly requests: number;
  readonly stalled: number;
  readonly seed: number;
}

export interface AttackReport {
  /** How often which status came back; 0 for a connection that was closed without one. */
  readonly statuses: Readonly<Record<number, number>>;
  /** Bodies that never ended whose connection the starter closed. */
  readonly closed: number;
  readonly honest: { readonly sent: number; readonly failed: readonly string[]; readonly slowestMs: number };
  /** Before, and the most that was ever used. */
  readonly memoryMib: { readonly before: number; readonly peak: number };
}

const MIB = 1024 * 1024;
/** What each stalled body sends before it stalls: more than any route but the codec's takes. */
const STALLED_BYTES = 4.3 * MIB;
const CONCURRENT = 32;
const HONEST_EVERY_MS = 50;
/** Longer than the starter waits for anything that is said slowly. */
const PATIENCE_MS = 12_000;
/** Dataverse waits for a minute, Business Central for half of it. */
const HONEST_PATIENCE_MS = 30_000;

export async function attack(of: Attack): Promise<AttackReport> {
  const before = memoryOf(of.pid).now;
  const honest = sendHonestly(of);
  try {
    const closed = stall(of);
    const statuses = await fuzz(of);
    return {
      statuses,
      closed: await closed,
      ...(await honest.stop()),
      memoryMib: { before, peak: memoryOf(of.pid).peak },
    };
  } finally {
    await honest.stop();
  }
}

/** The first of each goes out before anything else, as it did on all days before. */
function sendHonestly({ port, webhookSecret, addressKey, clientState }: Attack) {
  const change = { MessageName: 'Update', PrimaryEntityName: 'account', PrimaryEntityId: ACCOUNT_ID };
  const resource = '/api/v2.0/companies(5b1c7d52-0000-4000-8000-00000000abcd)/salesOrders';
  const calls = [
    { path: '/webhooks/dataverse', headers: { 'x-dealbridge-key': webhookSecret }, body: JSON.stringify(change) },
    {
      path: `/webhooks/business-central/${addressKey}`,
      headers: {},
      body: JSON.stringify({ value: [{ clientState, resource, changeType: 'updated' }] }),
    },
  ];
  const failed: string[] = [];
  let [sent, slowestMs, isOver] = [0, 0, false];
  const running = (async () => {
    while (!isOver || sent < calls.length) {
      const call = calls[sent % calls.length];
      if (!call) break;
      const started = performance.now();
      const outcome = await post(port, call.path, call.headers, call.body).catch((error: unknown) => String(error));
      slowestMs = Math.max(slowestMs, performance.now() - started);
      sent += 1;
      if (outcome !== 202) failed.push(`${call.path.split('/')[2]}: ${outcome}`);
      await sleep(HONEST_EVERY_MS);
    }
  })();
  return {
    async stop() {
      isOver = true;
      await running;
      return { honest: { sent, failed, slowestMs: Math.round(slowestMs) } };
    },
  };
}

const ACCOUNT_ID = '5b1c7d52-0000-4000-8000-00000000abcd';

function post(port: number, path: string, headers: Record<string, string>, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asking = request(
      {
        port,
        host: '127.0.0.1',
        method: 'POST',
        path,
        // A connection of its own each time, as from a service of many machines.
        agent: false,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers },
        timeout: HONEST_PATIENCE_MS,
      },
      (answer) => {
        answer.resume();
        answer.once('end', () => resolve(answer.statusCode ?? 0));
      },
    );
    asking.once('timeout', () => asking.destroy(new Error('no answer in time')));
    asking.once('error', reject);
    asking.end(body);
  });
}

/** @returns how many connections the starter closed */
async function stall({ port, stalled }: Attack): Promise<number> {
  const paths = ['/webhooks/dataverse', '/webhooks/business-central/x', '/codec/decode', '/codec/sign-in', '/nowhere'];
  const piece = Buffer.alloc(64 * 1024, 'x');
  const closings = Array.from({ length: stalled }, async (_, index) => {
    const socket = connect(port, '127.0.0.1');
    const closed = closing(socket);
    // Three of four in chunks; the others announce what the route takes and send less.
    const isChunked = index % 4 !== 0;
    const framing = isChunked ? 'transfer-encoding: chunked' : 'content-length: 100000';
    socket.write(`POST ${paths[index % paths.length]} HTTP/1.1\r\nhost: x\r\n${framing}\r\n\r\n`);
    for (let sent = 0; sent < (isChunked ? STALLED_BYTES : 50_000) && !socket.destroyed; sent += piece.length) {
      if (isChunked) socket.write(`${piece.length.toString(16)}\r\n`);
      const isTaken = socket.write(isChunked ? piece : piece.subarray(0, 25_000));
      if (isChunked) socket.write('\r\n');
      if (!isTaken) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed]);
    }
    return closed;
  });
  return (await Promise.all(closings)).filter((isClosed) => isClosed).length;
}

/** Whether the other side ends the connection while we wait. */
function closing(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      resolve(false);
      socket.destroy();
    }, PATIENCE_MS);
    socket.on('error', () => undefined);
    socket.resume();
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

async function fuzz({ port, requests, seed }: Attack): Promise<Record<number, number>> {
  const random = createRandom(seed);
  const statuses: Record<number, number> = {};
  let left = requests;
  const send = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const status = await sendRaw(port, toNonsense(random), toSource(random));
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT }, send));
  return statuses;
}

/** Many addresses, so that not all of them are over their rate; only Linux has them all on the loopback. */
function toSource(random: Random): string {
  return process.platform === 'linux' ? `127.0.${1 + random.below(2)}.${1 + random.below(250)}` : '127.0.0.1';
}

/** The status of the answer; 0 when the connection was closed without one. */
function sendRaw(port: number, bytes: Buffer, localAddress: string): Promise<number> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    let heard = '';
    const timer = setTimeout(() => socket.destroy(), PATIENCE_MS);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      if (heard.length < 32) heard += chunk.toString('latin1');
      if (/^HTTP\/1\.1 \d{3}/.test(heard)) socket.destroy();
    });
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(heard)?.[1] ?? 0));
    });
    // Half a request is ended by us, so that the run does not wait for the time limits each time.
    socket.end(bytes);
  });
}

interface Random {
  below(bound: number): number;
  pick<T>(of: readonly [T, ...T[]]): T;
}

/** mulberry32: the same requests for the same seed. */
function createRandom(seed: number): Random {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (bound: number): number => Math.floor(next() * bound);
  return { below, pick: (of) => of[below(of.length)] ?? of[0] };
}

/** Mostly well-formed, so that it gets past the parser: of ten requests each part of one is broken. */
function toNonsense(random: Random): Buffer {
  const rarely = <T>(usual: T, broken: readonly [T, ...T[]]): T =>
    random.below(10) === 0 ? random.pick(broken) : usual;
  const body = toBody(random);
  const method = rarely(random.pick(['GET', 'POST', 'POST', 'POST', 'PUT', 'DELETE', 'OPTIONS']), [
    'TRACE',
    'BREW',
    '',
  ]);
  const lines = [
    `${method} ${toPath(random)} HTTP/${rarely('1.1', ['1.0', '2.0', ''])}`,
    rarely('host: x', ['host: [::1', 'host: a b', '']),
    rarely('content-type: application/json', ['content-type: \xff', 'x-forwarded-for: 203.0.113.9', 'a']),
    random.pick([
      `x-dealbridge-key: ${toText(random, 64)}`,
      `authorization: Bearer ${toText(random, 2_000)}`,
      `cookie: dealbridge-codec=${toText(random, 2_000)}`,
      `x-many: ${'y'.repeat(random.below(20_000))}`,
      'x-ms-dynamics-msg-size-exceeded: 1',
    ]),
    rarely(`content-length: ${body.length}`, [
      `content-length: ${random.below(20_000_000)}`,
      'content-length: -1',
      'content-length: 99999999999999999999',
      'transfer-encoding: chunked',
      'transfer-encoding: gzip',
    ]),
  ].filter((line) => line !== '');
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
}

function toPath(random: Random): string {
  const path = random.pick([
    '/webhooks/dataverse',
    '/webhooks/dataverse',
    '/webhooks/business-central',
    '/webhooks/business-central/x',
    '/codec/decode',
    '/codec/encode',
    '/codec/sign-in',
    '/health',
    '/',
    '//',
    '/../../etc/passwd',
    '/%00',
    'http://elsewhere/health',
    '*',
  ]);
  const query = ['', '', '?code=', '?dealbridge-key=', '?validationToken=', '?x='][random.below(6)] ?? '';
  return query === '' ? path : path + query + encodeURIComponent(toText(random, 3_000));
}

function toText(random: Random, most: number): string {
  const length = random.below(most);
  return String.fromCharCode(...Array.from({ length }, () => 32 + random.below(95)));
}

function toBody(random: Random): Buffer {
  switch (random.below(6)) {
    case 0:
      return Buffer.alloc(0);
    case 1:
      return Buffer.from('['.repeat(random.below(100_000)));
    case 2:
      return Buffer.from(`{"a":${'{"a":'.repeat(random.below(20_000))}`);
    case 3:
      return Buffer.from(Array.from({ length: random.below(2_000) }, () => random.below(256)));
    case 4:
      return Buffer.from(JSON.stringify({ MessageName: toText(random, 500), InputParameters: [{ key: 1 }] }));
    default:
      return Buffer.from(JSON.stringify({ value: [{ clientState: toText(random, 3_000), resource: '/x/items' }] }));
  }
}

/** Resident memory in MiB. */
function memoryOf(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const read = (field: string): number =>
    Math.round(Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1_024);
  return { now: read('VmRSS'), peak: read('VmHWM') };
}
