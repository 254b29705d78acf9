import { type Context, Hono } from 'hono';
import { plural } from '../../deal/plural.js';
import { isAllowed } from '../../identity/permissions.js';
import { listCredentials, rotateCredentials } from '../../operations/settings/credentials.js';
import type { DeskEnv } from '../authentication/guard.js';
import type { DeskDependencies } from '../desk-dependencies.js';
import { type Format, Time } from './format.js';
import { Form, type Frame, formatOf } from './frame.js';
import { SettingTabs } from './setting-tabs.js';

/** The credentials that the ledger keeps: how old each is, when it expires, and what to do then. Never a value. */

const DAY_MS = 86_400_000;
/** Whoever orders a new certificate needs some days for it. */
const SOON_DAYS = 30;

export function createCredentialRoutes(dependencies: DeskDependencies, frame: Frame): Hono<DeskEnv> {
  const app = new Hono<DeskEnv>();
  app.get('/settings/credentials', async (c) => {
    const mayList = isAllowed('list credentials', c.get('person').roles);
    const credentials = mayList ? await listCredentials(dependencies, c.get('person'), {}) : undefined;
    return frame.show(
      c,
      { title: 'Credentials', here: 'settings' },
      <>
        <h1>Settings</h1>
        <SettingTabs here="credentials" />
        <Credentials c={c} credentials={credentials} now={dependencies.now()} />
      </>,
    );
  });
  app.post('/settings/credentials/rotate', async (c) => {
    await rotateCredentials(dependencies, c.get('person'), {});
    return c.redirect('/settings/credentials?said=rotated', 303);
  });
  return app;
}

type Credential = Awaited<ReturnType<typeof listCredentials>>[number];

interface Props {
  readonly c: Context<DeskEnv>;
  /** Undefined for whoever may not see them. */
  readonly credentials: readonly Credential[] | undefined;
  readonly now: Date;
}

function Credentials({ c, credentials, now }: Props) {
  const format = formatOf(c);
  return (
    <>
      {c.req.query('said') === 'rotated' && (
        <p class="good" role="status">
          Every credential is sealed with the newest key of the ring.
        </p>
      )}
      {credentials === undefined && <p class="light">Administrators see when they expire and seal them anew.</p>}
      {credentials?.length === 0 && (
        <p>
          The ledger keeps none: the sign-ins use what stands in the settings of the processes. Store one with{' '}
          <code>dealbridge credentials set</code>, and a running worker takes it up by itself.
        </p>
      )}
      {credentials !== undefined && credentials.length > 0 && (
        <>
          <ul class="cards">
            {credentials.map((credential) => (
              <Card credential={credential} format={format} now={now} />
            ))}
          </ul>
          <p>
            A new secret is stored with <code>dealbridge credentials set</code>, so that it never goes through a
            browser. Only the one before the newest is kept, until the end of its overlap: whoever stores two within one
            ends the first at once. After a key was added to the ring, seal all of them with it:
          </p>
          <Form c={c} action="/settings/credentials/rotate">
            <button type="submit">Seal with the newest key</button>
          </Form>
        </>
      )}
    </>
  );
}

function Card({
  credential: { name, generation, kind, keyId, setAt, setBy, expiresAt, validUntil },
  format,
  now,
}: Pick<Props, 'now'> & { readonly credential: Credential; readonly format: Format }) {
  const state = toState({ expiresAt, validUntil }, now);
  return (
    <li>
      <h2>
        {name} <span class={`badge ${state.tone}`}>{state.text}</span>
      </h2>
      <p>
        {expiresAt ? (
          <>
            The certificate ends <Time at={expiresAt} format={format} />.
          </>
        ) : (
          'A secret: when it ends, only Entra says, at «Certificates & secrets» of the app registration.'
        )}
        {validUntil && (
          <>
            {' '}
            There is a newer one; this one counts until <Time at={validUntil} format={format} />.
          </>
        )}
      </p>
      <p class="sub">
        {kind}, generation {generation}, set by {setBy} {format.age(setAt, now)} ago, sealed with key {keyId}
      </p>
    </li>
  );
}

function toState({ expiresAt, validUntil }: Pick<Credential, 'expiresAt' | 'validUntil'>, now: Date) {
  if (validUntil) return { text: validUntil > now ? 'the one before' : 'ended', tone: 'quiet' } as const;
  if (!expiresAt) return { text: 'in use', tone: 'good' } as const;
  const days = Math.floor((expiresAt.getTime() - now.getTime()) / DAY_MS);
  if (days < 0) return { text: 'expired', tone: 'stop' } as const;
  return { text: `${plural(days, 'day')} left`, tone: days < SOON_DAYS ? 'ask' : 'good' } as const;
}
