import { type Context, Hono } from 'hono';
import { stringify } from 'yaml';
import { listMappings, showMapping } from '../../operations/settings/mappings.js';
import type { DeskEnv } from '../authentication/guard.js';
import type { DeskDependencies } from '../desk-dependencies.js';
import { Time } from './format.js';
import { type Frame, formatOf } from './frame.js';
import { SettingTabs } from './setting-tabs.js';

/** The rules by which documents are made: which are in force, which were before, and how many deals went by each. */

export function createRulesRoutes(dependencies: DeskDependencies, frame: Frame): Hono<DeskEnv> {
  const app = new Hono<DeskEnv>();
  const page = { title: 'Rules', here: 'settings' } as const;
  app.get('/settings', async (c) => {
    const mappings = await listMappings(dependencies, c.get('person'), {});
    return frame.show(c, page, <History c={c} mappings={mappings} today={dependencies.rules.mappingHash} />);
  });
  app.get('/settings/rules/:hash', async (c) => {
    const { hash, content, firstUsedAt } = await showMapping(dependencies, c.get('person'), {
      hash: c.req.param('hash'),
    });
    const isToday = hash === dependencies.rules.mappingHash;
    return frame.show(
      c,
      page,
      <>
        <p class="back">
          <a href="/settings">All rules</a>
        </p>
        <h1>
          Rules {hash} {isToday && <span class="badge good">in force</span>}
        </h1>
        <p>
          First used <Time at={firstUsedAt} format={formatOf(c)} />. As a rules file they read:
        </p>
        <pre class="file">{stringify(content)}</pre>
      </>,
    );
  });
  return app;
}

interface Props {
  readonly c: Context<DeskEnv>;
  readonly mappings: Awaited<ReturnType<typeof listMappings>>;
  readonly today: string;
}

function History({ c, mappings, today }: Props) {
  const format = formatOf(c);
  return (
    <>
      <h1>Settings</h1>
      <SettingTabs here="rules" />
      {mappings.length === 0 ? (
        <section class="message">
          <h2>No worker has used any rules yet</h2>
          <p>
            The rules file says what becomes of a deal in Business Central. The first worker that starts with it puts it
            here, and every change after that.
          </p>
        </section>
      ) : (
        <>
          <p>
            A deal keeps the rules by which its document was made. Change the rules file and start the workers again,
            and the new rules are here. <a href="/settings/compare">Try a rules file</a> says beforehand what it would
            change.
          </p>
          {!mappings.some(({ hash }) => hash === today) && (
            <p class="warning">
              This desk was started with rules that no worker has used yet ({today}). Start the workers with the same
              rules file.
            </p>
          )}
          <ul class="cards">
            {mappings.map(({ hash, firstUsedAt, records }) => (
              <li>
                <h2>
                  <a href={`/settings/rules/${hash}`}>Rules {hash}</a>{' '}
                  {hash === today && <span class="badge good">in force</span>}
                </h2>
                <p class="sub">
                  First used <Time at={firstUsedAt} format={format} />,{' '}
                  {records === 1 ? '1 deal goes by them' : `${records} deals go by them`}
                </p>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}
