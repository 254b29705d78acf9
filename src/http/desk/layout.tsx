import type { Child } from 'hono/jsx';
import type { Person } from '../../identity/person.js';
import { CSRF_HEADER } from '../authentication/guard.js';
import { BACKGROUND_HEADER } from '../authentication/sessions.js';
import type { Assets } from './assets.js';

/** The frame of every page. */

export interface PageProps {
  readonly title: string;
  readonly assets: Assets;
  readonly person: Person | undefined;
  readonly csrfToken: string | undefined;
  readonly here?: Place;
  readonly children?: Child;
}

const PLACES = [
  { place: 'work', path: '/', name: 'Work list' },
  { place: 'masters', path: '/masters', name: 'Master data' },
  { place: 'feeds', path: '/feeds', name: 'Feeds' },
  { place: 'trail', path: '/trail', name: 'Trail' },
  { place: 'settings', path: '/settings', name: 'Settings' },
  { place: 'health', path: '/health-check', name: 'Health' },
] as const;
export type Place = (typeof PLACES)[number]['place'];

/** Refusals are shown as well; nothing is evaluated and no style is put in (the content policy forbids both). */
const HTMX_CONFIG = JSON.stringify({
  includeIndicatorStyles: false,
  allowEval: false,
  selfRequestsOnly: true,
  historyCacheSize: 0,
  responseHandling: [
    { code: '204', swap: false },
    { code: '[23]..', swap: true },
    { code: '[45]..', swap: true, error: true },
  ],
});

export function Page({ title, assets, person, csrfToken, here, children }: PageProps) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="htmx-config" content={HTMX_CONFIG} />
        <title>{`${title} · Dealbridge`}</title>
        <link rel="icon" href={assets.icon} />
        <link rel="stylesheet" href={assets.style} />
        <script src={assets.htmx} defer />
        <script src={assets.script} defer />
      </head>
      <body {...(csrfToken !== undefined && { 'hx-headers': JSON.stringify({ [CSRF_HEADER]: csrfToken }) })}>
        <a class="skip" href="#main">
          Skip to the content
        </a>
        <header class="bar">
          <a class="brand" href="/">
            Dealbridge
          </a>
          {person && (
            <nav aria-label="Pages">
              {PLACES.map(({ place, path, name }) => (
                <a href={path} {...(place === here && { 'aria-current': 'page' })}>
                  {name}
                </a>
              ))}
            </nav>
          )}
          {person && (
            <form class="who" method="post" action="/sign-out">
              <span title={`Roles: ${person.roles.join(', ')}`}>{person.name}</span>
              <CsrfField token={csrfToken} />
              <button class="quiet" type="submit">
                Sign out
              </button>
            </form>
          )}
        </header>
        <main id="main" tabindex={-1}>
          {children}
        </main>
        <dialog id="panel" aria-labelledby="panel-title" />
      </body>
    </html>
  );
}

export function CsrfField({ token }: { readonly token: string | undefined }) {
  return token === undefined ? null : <input type="hidden" name="csrf" value={token} />;
}

/** Something to tell that is no page of its own. */
export function Message({ title, children }: { readonly title: string; readonly children?: Child }) {
  return (
    <section class="message">
      <h1>{title}</h1>
      {children}
    </section>
  );
}

interface LiveProps {
  readonly path: string;
  /** The last change before the page was read: what comes after it is told to the page. */
  readonly seen: string;
  readonly children?: Child;
}

/** What changes by itself: the page's script lets htmx fetch it again when the ledger has changed. */
export function Live({ path, seen, children }: LiveProps) {
  return (
    <>
      <div
        id="refresher"
        hx-get={path}
        hx-select="#live"
        hx-target="#live"
        hx-swap="outerHTML"
        hx-trigger="refresh"
        hx-headers={JSON.stringify({ [BACKGROUND_HEADER]: '1' })}
      />
      <div id="live" data-seen={seen}>
        {children}
      </div>
    </>
  );
}
