import { z } from 'zod';
import type { Role } from '../identity/permissions.js';
import { parseRoleNames, type RoleNames } from '../identity/roles.js';
import { port, wholeNumber } from './setting-numbers.js';

/** The settings of the desk and its API; all of them are called DESK_…. */

const url = z.url().transform((text) => text.replace(/\/+$/, ''));
const THIS_MACHINE = /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:|\/|$)/;
const safeUrl = url.refine(
  (text) => text.startsWith('https://') || THIS_MACHINE.test(text),
  'an https address, or an http one of this machine',
);
// Its pages and links begin at the root, and an origin is compared with what browsers send.
const origin = safeUrl.refine(
  (text) => !URL.canParse(text) || text.toLowerCase() === new URL(text).origin,
  'the address of a host of its own, such as https://deals.example.com, without a path, query, password or port that needs none',
);
const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

const roleNames = (fallback: (role: Role) => readonly string[]) =>
  z.string().transform((text, context) => {
    const parsed = parseRoleNames(text, fallback);
    if (parsed) return parsed;
    context.addIssue({ code: 'custom', message: 'pairs such as Approver=Finance.Approve, Viewer=Sales.Read' });
    return z.NEVER;
  });

export const deskSettings = z.object({
  DESK: z.enum(['on', 'off']).default('on'),
  DESK_HOST: z.string().min(1).default('127.0.0.1'),
  DESK_PORT: port.default(8090),
  DESK_PUBLIC_URL: origin.optional(),
  DESK_CLIENT_ID: z.string().min(1).optional(),
  DESK_CLIENT_SECRET: z.string().min(1).optional(),
  DESK_ISSUER: safeUrl.optional(),
  DESK_AUDIENCE: z.string().min(1).optional(),
  DESK_ROLES_CLAIM: z.string().min(1).default('roles'),
  DESK_GROUPS_CLAIM: z.string().min(1).default('groups'),
  DESK_ROLES: roleNames((role) => [role]).prefault(''),
  DESK_GROUPS: roleNames(() => []).prefault(''),
  DESK_IDLE_MINUTES: wholeNumber(1, 1_440).default(60),
  DESK_UNVERIFIED_DECISIONS: z.enum(['accepted', 'by-signal', 'refused']).optional(),
  DESK_SESSION_HOURS: wholeNumber(1, 168).default(12),
});

type DeskValues = z.output<typeof deskSettings>;

export interface DeskConfig {
  readonly host: string;
  readonly port: number;
  /** The address under which browsers reach it, when that is not this machine. */
  readonly publicUrl: string | undefined;
  /** Without one only whoever reads what the process prints may sign in. */
  readonly issuer:
    | {
        readonly url: string;
        readonly clientId: string;
        readonly clientSecret: string | undefined;
        readonly audiences: readonly string[];
        readonly roleNames: RoleNames;
      }
    | undefined;
  readonly idleMinutes: number;
  readonly maxHours: number;
}

/** Undefined when it is switched off. */
export function toDeskConfig(e: DeskValues, tenantIssuer: string): DeskConfig | undefined {
  if (e.DESK === 'off') return undefined;
  return {
    host: e.DESK_HOST,
    port: e.DESK_PORT,
    publicUrl: e.DESK_PUBLIC_URL,
    issuer:
      e.DESK_CLIENT_ID === undefined
        ? undefined
        : {
            url: e.DESK_ISSUER ?? tenantIssuer,
            clientId: e.DESK_CLIENT_ID,
            clientSecret: e.DESK_CLIENT_SECRET,
            // Entra names the app by its id in tokens of version 2.0, other issuers as they please.
            audiences:
              e.DESK_AUDIENCE === undefined ? [e.DESK_CLIENT_ID, `api://${e.DESK_CLIENT_ID}`] : [e.DESK_AUDIENCE],
            roleNames: {
              rolesClaim: e.DESK_ROLES_CLAIM,
              groupsClaim: e.DESK_GROUPS_CLAIM,
              byName: e.DESK_ROLES,
              byGroup: e.DESK_GROUPS,
            },
          },
    idleMinutes: e.DESK_IDLE_MINUTES,
    maxHours: e.DESK_SESSION_HOURS,
  };
}

/** What settings are together: each problem names the one to correct. */
export function findDeskProblems(env: NodeJS.ProcessEnv): string[] {
  const { data: e } = deskSettings.safeParse(env);
  if (!e || e.DESK === 'off') return [];
  const isHere = LOOPBACK.has(e.DESK_HOST);
  const problems: string[] = [];
  // In a container the port is published for this machine alone; the desk answers to no other name then.
  if (e.DESK_CLIENT_ID === undefined && !isHere && !THIS_MACHINE.test(e.DESK_PUBLIC_URL ?? ''))
    problems.push(
      `  setting DESK_HOST: expected 127.0.0.1 as long as nobody can sign in (DESK_CLIENT_ID is not set), or in a container DESK_PUBLIC_URL as an address of this machine, got '${e.DESK_HOST}'`,
    );
  if (e.DESK_CLIENT_ID !== undefined && !isHere && e.DESK_PUBLIC_URL === undefined)
    problems.push(
      '  setting DESK_PUBLIC_URL: expected the https address under which browsers reach the desk, as DESK_HOST is not this machine, got nothing',
    );
  const issuer = e.DESK_ISSUER ?? env['ENTRA_LOGIN_URL'] ?? '';
  if (e.DESK_CLIENT_ID !== undefined && issuer.startsWith('http:') && !THIS_MACHINE.test(issuer))
    problems.push(`  setting DESK_ISSUER: expected an https address, or an http one of this machine, got '${issuer}'`);
  for (const name of ['DESK_ISSUER', 'DESK_CLIENT_SECRET', 'DESK_AUDIENCE'] as const)
    if (e[name] !== undefined && e.DESK_CLIENT_ID === undefined)
      problems.push(`  setting DESK_CLIENT_ID: expected the app registration of the desk beside ${name}, got nothing`);
  return problems;
}
