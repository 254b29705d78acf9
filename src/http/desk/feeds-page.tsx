import { type Context, Hono } from 'hono';
import { isAllowed } from '../../identity/permissions.js';
import { type Feeds, listFeeds, switchFeed } from '../../operations/feeds/feeds.js';
import type { DeskEnv } from '../authentication/guard.js';
import type { DeskDependencies } from '../desk-dependencies.js';
import { type Format, Time } from './format.js';
import { Form, type Frame, formatOf } from './frame.js';

/** How far both systems are read, what was missed, and the switches of each feed. */

export function createFeedRoutes(dependencies: DeskDependencies, frame: Frame): Hono<DeskEnv> {
  const app = new Hono<DeskEnv>();
  const recording = { ...dependencies, audit: dependencies.ledger.audit };
  app.get('/feeds', async (c) => {
    const now = dependencies.now();
    const feeds = await listFeeds({ ...dependencies, now }, c.get('person'), {});
    return frame.show(c, { title: 'Feeds', here: 'feeds' }, <FeedsPage c={c} feeds={feeds} now={now} />);
  });
  for (const command of ['pause', 'resume', 'nudge'] as const) {
    app.post(`/feeds/:feed/${command}`, async (c) => {
      await switchFeed(recording, c.get('person'), { command, feed: c.req.param('feed') ?? '' });
      return c.redirect('/feeds', 303);
    });
  }
  return app;
}

interface Props {
  readonly c: Context<DeskEnv>;
  readonly feeds: Feeds;
  readonly now: Date;
}

function FeedsPage({ c, feeds, now }: Props) {
  const format = formatOf(c);
  return (
    <>
      <h1>Feeds</h1>
      <p>
        Dealbridge reads changes of Sales and invoices of Business Central again and again. A webhook only makes it look
        sooner; nothing is lost when one does not come.
      </p>
      {feeds.pausedLanes.map(({ system, pausedSince, problem }) => (
        <p class="warning">
          The sign-in to {system} is refused since <Time at={pausedSince} format={format} />, so deals wait: {problem}
        </p>
      ))}
      {feeds.throttledLanes.map(({ system, address, pausedUntil }) => (
        <p class="warning">
          The quota of {system} is used up. Nothing is asked of {address} until{' '}
          <Time at={pausedUntil} format={format} />; deals wait and go on by themselves.
        </p>
      ))}
      <h2>From Dynamics 365 Sales</h2>
      {feeds.dataverse.length === 0 ? (
        <p class="light">No feed has run yet. The starter begins them when it starts with FEEDS=on.</p>
      ) : (
        <SalesFeeds c={c} feeds={feeds} now={now} />
      )}
      <h2>From Business Central</h2>
      {feeds.businessCentral.length === 0 ? (
        <p class="light">No feed has run yet.</p>
      ) : (
        <BusinessCentralFeeds feeds={feeds} format={format} />
      )}
      <h2>What one way missed and another found, in seven days</h2>
      <p>{toMissedWords(feeds)}</p>
      {feeds.setAside.length > 0 && (
        <>
          <h2>Set aside</h2>
          <p>The runs of these deals took no hint of a change; they are asked again every ten minutes.</p>
          <ul>
            {feeds.setAside.map(({ recordId, reason }) => (
              <li>
                <a href={`/deals/${recordId}`}>{recordId}</a>: {reason}
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

function toMissedWords({ dataverse, gaps }: Feeds): string {
  const missed = gaps.reduce((sum, { sources }) => sum + sources.webhook.missed + sources.feed.missed, 0);
  if (missed === 1) return '1 record was seen by one way alone. It was handed over all the same.';
  if (missed > 1) return `${missed} records were seen by one way alone. They were handed over all the same.`;
  if (dataverse.length === 0) return 'Nobody can say before a feed has run: there is only one way yet.';
  return 'Nothing: webhooks and feeds saw the same records.';
}

function SalesFeeds({ c, feeds, now }: Props) {
  const format = formatOf(c);
  const maySwitch = isAllowed('switch a feed', c.get('person').roles);
  return (
    <table class="plain">
      <thead>
        <tr>
          <th>Table</th>
          <th>Everything read up to</th>
          <th class="amount">Rows read</th>
          <th>State</th>
          {maySwitch && <th>Switches</th>}
        </tr>
      </thead>
      <tbody>
        {feeds.dataverse.map(({ table, caughtUpAt, rowsRead, pausedAt, pausedBy, lastError }) => (
          <tr>
            <th scope="row">{table}</th>
            <td>
              {caughtUpAt ? (
                <>
                  {format.age(caughtUpAt, now)} ago
                  <span class="sub">
                    <Time at={caughtUpAt} format={format} />
                  </span>
                </>
              ) : (
                'not yet'
              )}
            </td>
            <td class="amount">
              {format.number(rowsRead)}
              {feeds.backfill[table] !== undefined && (
                <span class="sub">
                  {format.number(String(feeds.backfill[table]))} {feeds.backfill[table] === 1 ? 'waits' : 'wait'} to be
                  brought over
                </span>
              )}
            </td>
            <td>
              {pausedAt ? (
                <span class="badge stop">paused by {pausedBy}</span>
              ) : (
                <span class="badge good">reading</span>
              )}
              {lastError !== undefined && <span class="sub">{lastError}</span>}
            </td>
            {maySwitch && (
              <td>
                <Form c={c} action={`/feeds/${table}/${pausedAt ? 'resume' : 'pause'}`} class="inline">
                  <button type="submit" class="quiet">
                    {pausedAt ? 'Resume' : 'Pause'}
                    <span class="visually-hidden"> {table}</span>
                  </button>
                </Form>
                <Form c={c} action={`/feeds/${table}/nudge`} class="inline">
                  <button type="submit" class="quiet">
                    Read now<span class="visually-hidden"> {table}</span>
                  </button>
                </Form>
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function BusinessCentralFeeds({ feeds, format }: { readonly feeds: Feeds; readonly format: Format }) {
  return (
    <table class="plain">
      <thead>
        <tr>
          <th>Feed or subscription</th>
          <th>Position, or valid until</th>
          <th>Last error</th>
        </tr>
      </thead>
      <tbody>
        {feeds.businessCentral.map(({ name, position, lastError }) => (
          <tr>
            <th scope="row">{name}</th>
            <td>{position ? <Time at={position} format={format} /> : 'not yet'}</td>
            <td>{lastError ?? 'none'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
