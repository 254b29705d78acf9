import { Hono } from 'hono';
import { plural } from '../../deal/plural.js';
import { isAllowed } from '../../identity/permissions.js';
import { verifyTrail } from '../../operations/audit/audit.js';
import { sendTrail } from '../api/send-trail.js';
import type { DeskEnv } from '../authentication/guard.js';
import type { DeskDependencies } from '../desk-dependencies.js';
import type { Frame } from './frame.js';

/** Proves the trail of every change and decision, and gives it out for whoever audits. */

export function createTrailRoutes(dependencies: DeskDependencies, frame: Frame): Hono<DeskEnv> {
  const app = new Hono<DeskEnv>();
  app.get('/trail', async (c) => {
    const person = c.get('person');
    const verdict = c.req.query('verify') === undefined ? undefined : await verifyTrail(dependencies, person, {});
    return frame.show(
      c,
      { title: 'Trail', here: 'trail' },
      <TrailPage verdict={verdict} mayExport={isAllowed('export the audit trail', person.roles)} />,
    );
  });
  app.get('/trail.jsonl', (c) =>
    sendTrail(c, dependencies, c.get('person'), { personal: c.req.query('personal') === 'yes' }),
  );
  return app;
}

type Verdict = Awaited<ReturnType<typeof verifyTrail>>;

function TrailPage({ verdict, mayExport }: { readonly verdict: Verdict | undefined; readonly mayExport: boolean }) {
  return (
    <>
      <h1>Trail</h1>
      <p>
        Whatever Dealbridge and people did stands in the trail, entry chained to entry and sealed. The proof finds what
        was changed, left out or put in between afterwards. The trail of one deal is on its page.
      </p>
      {verdict && <Proof verdict={verdict} />}
      <p>
        <a class="button primary" href="/trail?verify=1" data-busy="Proving…">
          {verdict ? 'Prove it again' : 'Prove the trail'}
        </a>
      </p>
      <h2>Take it out</h2>
      {mayExport ? (
        <>
          <p>
            The export holds everything that the proof needs, so that an auditor can repeat it without Dealbridge:{' '}
            <code>node scripts/verify-audit.mjs</code>.
          </p>
          <p class="actions">
            <a class="button" href="/trail.jsonl" download>
              Save without personal content
            </a>
            <a class="button quiet" href="/trail.jsonl?personal=yes" download>
              Save with personal content
            </a>
          </p>
        </>
      ) : (
        <p class="light">Administrators save the trail as a file. Ask one of them for an audit.</p>
      )}
    </>
  );
}

function Proof({ verdict: { entries, chains, seals, testimonies, findings } }: { readonly verdict: Verdict }) {
  return (
    <section aria-label="The proof">
      <p class={findings.length === 0 ? 'good' : 'warning'} role="status">
        {findings.length === 0
          ? 'The trail is whole.'
          : `The trail is NOT whole: ${findings.length} wrong. Save it and the backups of the database, change nothing, and tell who audits.`}{' '}
        Proved: {plural(entries, 'entry', 'entries')}, {plural(chains, 'chain')}, {plural(seals, 'seal')}.
      </p>
      {findings.length > 0 && (
        <ul class="findings">
          {findings.map(({ kind, chain, position, text }) => (
            <li>
              <span class="badge stop">{kind}</span> <strong>{toPlace(chain, position)}</strong> {text}
            </li>
          ))}
        </ul>
      )}
      {testimonies.length === 0 ? (
        <p class="warning">
          No witness outside of the database is set, so that what was cut off, or put back as a whole, is not found.
          Administrators set one: docs/audit.md says how.
        </p>
      ) : (
        <ul>
          {testimonies.map(({ witness, seals: known, behind }) => (
            <li>
              {witness} has {plural(known, 'seal')}
              {behind > 0 && `, and lacks the newest ${behind}`}.
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** What the ledger says of a deal without any entry stands at no position. */
function toPlace(chain: string, position: number): string {
  if (chain === 'seals') return `seal ${position}`;
  return position === 0 ? `record ${chain}` : `entry ${position} of record ${chain}`;
}
