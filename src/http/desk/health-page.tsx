import { Hono } from 'hono';
import { plural } from '../../deal/plural.js';
import { isAllowed } from '../../identity/permissions.js';
import { type ExaminedStep, examineInstallation } from '../../operations/settings/examine.js';
import type { DeskEnv } from '../authentication/guard.js';
import type { DeskDependencies } from '../desk-dependencies.js';
import type { Frame } from './frame.js';

/** What `dealbridge doctor` says, for whoever has no terminal. It takes some seconds, so it is asked for. */

export function createHealthRoutes(dependencies: DeskDependencies, frame: Frame): Hono<DeskEnv> {
  const app = new Hono<DeskEnv>();
  const page = { title: 'Health', here: 'health' } as const;
  app.get('/health-check', async (c) => {
    const mayExamine = isAllowed('examine the installation', c.get('person').roles);
    if (c.req.query('examine') !== undefined) {
      const steps = await examineInstallation(dependencies, c.get('person'), {});
      return frame.show(c, page, <Findings steps={steps} />);
    }
    return frame.show(
      c,
      page,
      <>
        <h1>Health</h1>
        <p>
          The examination asks settings, Entra, Dynamics 365 Sales, Business Central, the ledger and Temporal whether
          they are as Dealbridge needs them, and says how to set right what is not. It changes nothing.
        </p>
        {mayExamine ? (
          <p>
            <a class="button primary" href="/health-check?examine=1" data-busy="Examining…">
              Examine
            </a>
          </p>
        ) : (
          <p class="warning">Operators and administrators may examine. Ask one of them if something seems wrong.</p>
        )}
      </>,
    );
  });
  return app;
}

const TONES = { ok: 'good', warning: 'ask', wrong: 'stop', 'not checked': 'quiet' } as const;

function Findings({ steps }: { readonly steps: readonly ExaminedStep[] }) {
  const all = steps.flatMap(({ findings }) => findings);
  const wrong = all.filter(({ result }) => result === 'wrong').length;
  const warnings = all.filter(({ result }) => result === 'warning').length;
  return (
    <>
      <h1>Health</h1>
      <p class={wrong === 0 ? 'good' : 'warning'}>
        {wrong === 0 ? 'Nothing is wrong' : `${wrong} wrong`}
        {warnings > 0 ? `, ${warnings} to look at` : ''}. {plural(all.length, 'thing was', 'things were')} examined.
      </p>
      <p>
        <a class="button" href="/health-check?examine=1" data-busy="Examining…">
          Examine again
        </a>
      </p>
      {steps.map(({ step, findings }) => (
        <details open={findings.some(({ result }) => result === 'wrong' || result === 'warning')}>
          <summary>
            {step} <span class="count">{findings.length}</span>
          </summary>
          <ul class="findings">
            {findings.map(({ check, result, found, advice }) => (
              <li>
                <span class={`badge ${TONES[result]}`}>{result}</span> <strong>{check}</strong> {found}
                {advice !== undefined && result !== 'ok' && <span class="next">{advice}</span>}
              </li>
            ))}
          </ul>
        </details>
      ))}
    </>
  );
}
