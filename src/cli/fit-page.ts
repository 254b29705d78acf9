import { html, raw } from 'hono/html';
import { plural } from '../deal/plural.js';
import type { Fit, FitReason, NearMaster } from '../operations/deals/fit.js';
import { toMoney } from './print.js';

/** The report of `dealbridge fit` as one page: nothing is loaded, no script runs, and it prints. */

type Html = ReturnType<typeof html>;

export function toFitPage(fit: Fit, madeAt: Date): string {
  const { summary, days, since, unread, quotas, dealsPerDay, proposedRules } = fit;
  return String(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Dealbridge: would it fit?</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<h1>Would it fit?</h1>
<p>Every won deal of the last ${plural(days, 'day')} (changed since ${since}), run through the planner of a hand-over on
${madeAt.toISOString().slice(0, 16).replace('T', ' ')} UTC. Both systems were only read.</p>
<p class="figures"><b>${summary.deals}</b> ${summary.deals === 1 ? 'deal' : 'deals'}, <b>${summary.untouched}</b> (${toShare(summary.untouched, summary.deals)})
would go through untouched.</p>
<h2>What holds the others</h2>
${summary.reasons.length === 0 ? html`<p>Nothing.</p>` : toReasons(summary.reasons)}
<h2>Master data</h2>
${toMasters('Customers', summary.customers.matched, fit.customers)}
${toMasters('Items', summary.items.matched, fit.items)}
<h2>Volume</h2>
<p>${dealsPerDay.toFixed(1)} deals a day on average, of ${toAverage(summary.lines, summary.deals)} lines.</p>
<table><tr><th>system</th><th>requests a deal</th><th>requests a day</th><th>allowed in five minutes</th><th>deals in five minutes</th></tr>
${quotas.map((one) => html`<tr><td>${one.system}</td><td>${one.requestsPerDeal}</td><td>${one.requestsPerDay}</td><td>${one.requestsInFiveMinutes}</td><td>${one.dealsInFiveMinutes}</td></tr>`)}
</table>
<p>A deal whose customer and items are there; each row that is created takes two more. The limits are those of one user.</p>
<h2>Rules that would help</h2>
<pre>${proposedRules}</pre>
${unread.length === 0 ? '' : toUnread(unread)}
</body>
</html>
`);
}

function toReasons(reasons: readonly FitReason[]): Html {
  return html`<table><tr><th>reason</th><th>deals</th><th>by this alone</th><th>go through, cleared from the top</th><th>who</th><th>next step</th></tr>
${reasons.map((one) => html`<tr><td><a href="#${one.reason}">${one.reason}</a></td><td>${one.deals}</td><td>${one.alone}</td><td>${one.throughAfter}</td><td>${one.owner}</td><td>${one.nextStep}</td></tr>`)}
</table>
${reasons.map(
  (one) => html`<h3 id="${one.reason}">${one.reason}</h3>
<table><tr><th>deals</th><th>cause</th></tr>
${one.causes.map(({ text, deals }) => html`<tr><td>${deals}</td><td>${text}</td></tr>`)}
</table>
<table><tr><th>example</th><th>customer</th><th>total</th><th>what it says</th></tr>
${one.examples.map((deal) => html`<tr><td>${deal.table} ${deal.number}</td><td>${deal.customer ?? '-'}</td><td>${toMoney(deal.total, deal.currency)}</td><td>${deal.text}</td></tr>`)}
</table>`,
)}`;
}

/** So many rows are read by people; the counts above are of all. */
const ROWS = 200;

function toMasters(title: string, matched: number, missing: readonly NearMaster[]): Html {
  const near = missing.filter((one) => one.near).length;
  const absent = missing.length - near;
  return html`<h3>${title}</h3>
<p>${matched} ${matched === 1 ? 'matches' : 'match'}, ${near} nearly, ${absent} ${absent === 1 ? 'is' : 'are'} missing.${missing.length > ROWS ? ` The first ${ROWS}:` : ''}</p>
${
  missing.length === 0
    ? ''
    : html`<table><tr><th>number in Sales</th><th>name in Sales</th><th>deals</th><th>nearly</th><th>why</th></tr>
${missing.slice(0, ROWS).map((one) => html`<tr><td>${one.number || '-'}</td><td>${one.name}</td><td>${one.deals}</td><td>${one.near ? `${one.near.number} ${one.near.name}` : '-'}</td><td>${one.near?.why ?? ''}</td></tr>`)}
</table>`
}`;
}

function toUnread(unread: Fit['unread']): Html {
  return html`<h2>Could not be read</h2>
<table><tr><th>record</th><th>why</th></tr>
${unread.map(({ table, recordId, text }) => html`<tr><td>${table} ${recordId}</td><td>${text}</td></tr>`)}
</table>`;
}

function toShare(part: number, all: number): string {
  return all === 0 ? '-' : `${Math.floor((100 * part) / all)} %`;
}

function toAverage(sum: number, count: number): string {
  return count === 0 ? '0' : (sum / count).toFixed(1);
}

const STYLE = `
body { font: 16px/1.4 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #1b1b1b; background: #fff; }
table { border-collapse: collapse; margin: 0.5rem 0 1rem; }
th, td { border: 1px solid #bbb; padding: 0.25rem 0.5rem; text-align: left; vertical-align: top; }
pre { background: #f4f4f4; padding: 1rem; overflow-x: auto; }
.figures { font-size: 1.3rem; }
`;
