import { ACTS, isAllowed, ROLES } from '../../src/identity/permissions.js';

/** docs/permissions.md, made from the card: `npm run docs:permissions` writes it, and a test compares it. */
export function toPermissionsPage(): string {
  const rows = ACTS.map(
    (act) => `| ${act} | ${ROLES.map((role) => (isAllowed(act, [role]) ? 'yes' : '–')).join(' | ')} |`,
  );
  return `${HEAD}
| act | ${ROLES.join(' | ')} |
| --- | ${ROLES.map(() => ':-:').join(' | ')} |
${rows.join('\n')}
`;
}

const HEAD = `# Who may do what

The card of permissions: web desk and API ask it for every act. The page is made from \`src/identity/permissions.ts\` by
\`npm run docs:permissions\`. Whoever has several roles may do what any of them may.

- **Viewer** sees deals, master data, feeds, rules and the trail, and changes nothing but views of its own.
- **Operator** keeps the work going: starts, retries, matches, switches feeds. Nothing about money.
- **Approver** decides whether a document is posted.
- **Admin** may do all of it, and alone changes credentials, environments and the ledger itself.

The roles are the app roles of the desk's app registration, or groups that stand for them: [desk.md](desk.md). The command line has
every right, since whoever runs it has the credentials of ledger and Temporal; what is decided there counts as unverified.
`;
