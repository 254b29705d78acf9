/** Why PostgreSQL does not let us in, where a person has to correct DATABASE_URL for it: what was expected, and what was found. */
export function findDatabaseProblem(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  // pg gives it no code.
  if (error.message === 'The server does not support SSL connections')
    return 'expected a server that takes TLS, since `sslmode` asks for it, got one that takes none';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (code === undefined) return undefined;
  if ('syscall' in error && error.syscall === 'open' && 'path' in error)
    return `expected files that can be read in \`sslrootcert\`, \`sslcert\` and \`sslkey\`, got ${code} for ${error.path}`;
  const expected = REFUSALS.find(([pattern]) => pattern.test(code))?.[1];
  if (expected !== undefined) return `expected ${expected}, got a refusal of PostgreSQL's (${code})`;
  const wanted = CERTIFICATES.find(([pattern]) => pattern.test(code))?.[1];
  return wanted && `expected a server with a certificate ${wanted}, got another one (${code})`;
}

/** What a server that is there does not do for now, and what helps. */
export interface DatabaseTrouble {
  readonly found: string;
  readonly advice: string;
}

/** Undefined where nobody answers, or what it says is of another kind. */
export function findDatabaseTrouble(error: unknown): DatabaseTrouble | undefined {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const trouble = TROUBLES.find(([pattern]) => pattern.test(code))?.[1];
  return trouble && { ...trouble, found: `${trouble.found} (${code})` };
}

const TROUBLES: readonly (readonly [RegExp, DatabaseTrouble])[] = [
  [
    /^53300$/,
    {
      found: 'it takes no more connections',
      advice:
        'Raise max_connections, of the server or of the role, or end sessions that nobody needs (pg_stat_activity): worker, starter and commands take five each.',
    },
  ],
  [/^53/, { found: 'it lacks disk or memory', advice: 'Give it more; its log says what it lacks.' }],
  [
    /^57014$/,
    {
      found: 'it cut a statement off',
      advice:
        'Take statement_timeout back (ALTER ROLE … RESET, ALTER DATABASE … RESET): Dealbridge has a limit of its own.',
    },
  ],
  [/^57P/, { found: 'it starts, stops or recovers', advice: 'Wait; its log says what it is at.' }],
];

const REFUSALS: readonly (readonly [RegExp, string])[] = [
  [/^28000$/, 'a role that the server lets in from here (with `sslmode=verify-full` where it asks for TLS)'],
  [/^28/, 'user and password of a role'],
  [/^3D/, 'the name of a database that exists'],
  [/^42501$/, 'a role that may do this'],
  // A statement that is there twice or not at all: a pooler hands the statements of one connection to several sessions.
  [
    /^(42P05|26000)$/,
    'the server itself, or a pooler that keeps sessions or knows prepared statements (PgBouncer 1.21, `max_prepared_statements`)',
  ],
];

/** Codes of Node and of its OpenSSL. */
const CERTIFICATES: readonly (readonly [RegExp, string])[] = [
  [/^ERR_TLS_CERT_ALTNAME/, 'for the host of the address'],
  [/^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/, 'that is valid today'],
  [/^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/, 'that `sslrootcert` vouches for'],
];
