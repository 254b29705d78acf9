import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { createIssuer } from '../http/authentication/issuer.js';
import { createOneTimeLink } from '../http/authentication/one-time-link.js';
import { createSessions } from '../http/authentication/sessions.js';
import { createDesk } from '../http/desk/desk.js';
import { createLimits, toServerOptions } from '../http/limits.js';
import { SYSTEM_CHAIN } from '../ledger/audit/audit.js';
import { createSessionLedger } from '../ledger/desk/sessions.js';
import type { Config } from '../process/config.js';
import type { Runtime } from '../process/runtime.js';
import { systemClock } from '../process/system-clock.js';
import { userName } from '../process/user-name.js';

/** The desk listens at an address of its own: the webhooks' is open to the other systems, this one to people alone. */

export interface OpenDesk {
  readonly url: string;
  /** Where the first person signs in when no issuer is configured. */
  readonly signInLink: string | undefined;
  close(): Promise<void>;
}

/** Undefined when it is switched off. */
export async function openDesk(config: Config, runtime: Runtime): Promise<OpenDesk | undefined> {
  const { desk } = config;
  if (!desk) return undefined;
  const { ring, database, ledger, log } = runtime;
  const link = createOneTimeLink(() => systemClock.now());
  // Not a log line: logs are collected, and this is for whoever sits at the terminal.
  const printLink = (url: string): void => void process.stdout.write(`Desk: ${url} (signs you in, once)\n`);
  const app = createDesk({
    limits: createLimits({ ...config.starter, isDataverse: async () => false }),
    publicUrl: desk.publicUrl,
    sessions: createSessions(ring, createSessionLedger(database, desk), () => systemClock.now()),
    issuer: desk.issuer && createIssuer(desk.issuer),
    link,
    printLink,
    localName: userName(),
    recordSignIn: ({ name, roles, isVerified }) =>
      ledger.audit({
        recordId: SYSTEM_CHAIN,
        actor: { name, source: 'desk', isVerified },
        action: 'sign in',
        facts: { roles },
      }),
    log,
  });
  const server = serve({
    fetch: app.fetch,
    port: desk.port,
    hostname: desk.host,
    serverOptions: toServerOptions(),
  });
  await new Promise((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', reject);
  });
  const { port } = server.address() as AddressInfo;
  const url = desk.publicUrl ?? `http://127.0.0.1:${port}`;
  const signInLink = desk.issuer ? undefined : `${url}/sign-in/link/${link.renew()}`;
  if (signInLink !== undefined) printLink(signInLink);
  return {
    url,
    signInLink,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      // Pages that listen for news hold theirs open.
      if ('closeAllConnections' in server) server.closeAllConnections();
      await closed;
    },
  };
}
