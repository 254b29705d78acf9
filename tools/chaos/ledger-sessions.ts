import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Between the processes and their ledger, so that sessions can be ended while the ledger goes on, as a failover or
 * `pg_terminate_backend` does it.
 */
export interface LedgerSessions {
  readonly url: string;
  /** Sessions that were ended. */
  readonly ended: number;
  end(moment: SessionEnd): Promise<void>;
  stop(): Promise<void>;
}

/**
 * `any`: all sessions at once, whatever they do. Otherwise the next one that commits: before its commit arrives, so that
 * nothing of its transaction is kept, or when all of it is kept and nobody hears of it.
 */
export const SESSION_ENDS = ['any', 'before-commit', 'after-commit'] as const;
export type SessionEnd = (typeof SESSION_ENDS)[number];

/** A simple query of PostgreSQL's protocol. */
const COMMIT = Buffer.concat([Buffer.from([0x51, 0, 0, 0, 11]), Buffer.from('COMMIT\0', 'latin1')]);
/** Without a commit in so long whatever there is is ended. */
const PATIENCE_MS = 3_000;

export async function openLedgerSessions(ledgerPort: number): Promise<LedgerSessions> {
  const open = new Set<() => void>();
  let waiting: { readonly moment: SessionEnd; readonly done: () => void } | undefined;
  let ended = 0;

  const server = createServer((client) => {
    const ledger = connect(ledgerPort, '127.0.0.1');
    const end = (): void => {
      open.delete(end);
      client.destroy();
      ledger.destroy();
    };
    open.add(end);
    for (const socket of [client, ledger]) {
      socket.setNoDelay(true);
      // A ledger that was killed and a process that was killed are wanted here.
      socket.on('error', end);
      socket.on('close', end);
    }
    const endNow = (): void => {
      ended += 1;
      end();
      waiting?.done();
    };
    let isAnswerLost = false;
    client.on('data', (chunk) => {
      if (waiting && chunk.includes(COMMIT)) {
        if (waiting.moment === 'before-commit') return endNow();
        isAnswerLost = true;
      }
      forward(chunk, ledger);
    });
    ledger.on('data', (chunk) => (isAnswerLost ? endNow() : forward(chunk, client)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  function endAll(): void {
    ended += open.size;
    for (const end of [...open]) end();
  }

  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    get ended() {
      return ended;
    },
    async end(moment) {
      if (moment === 'any') return endAll();
      const isDone = await new Promise<boolean>((resolve) => {
        waiting = { moment, done: () => resolve(true) };
        void sleep(PATIENCE_MS).then(() => resolve(false));
      });
      waiting = undefined;
      if (!isDone) endAll();
    },
    stop() {
      return new Promise((resolve) => {
        server.close(() => resolve());
        for (const end of [...open]) end();
      });
    },
  };
}

function forward(chunk: Buffer, to: Socket): void {
  if (!to.destroyed) to.write(chunk);
}
