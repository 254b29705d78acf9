// What the pages of the desk do beside links and forms; without it everything but the keys, live updates and batches works.

const panel = () => document.getElementById('panel');
const live = () => document.getElementById('live');
const refresher = () => document.getElementById('refresher');
const isTyping = () => document.activeElement?.matches('input:not([type=checkbox]), textarea, select') === true;
/* What was typed and not sent yet, wherever the focus has gone. */
const hasTyped = () =>
  [...(live()?.querySelectorAll('input:not([type=checkbox]), textarea') ?? [])].some(
    (field) => field.value !== field.defaultValue,
  );

/* Times in the reader's own zone, which is named: they are told to colleagues elsewhere. */
const times = new Intl.DateTimeFormat(navigator.language, {
  year: 'numeric',
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  timeZoneName: 'short',
});
function showTimes(root) {
  for (const time of root.querySelectorAll('time[datetime]')) time.textContent = times.format(new Date(time.dateTime));
}

/* The panel: a part that htmx puts there is shown over the page, once htmx knows its forms: Enter is theirs then. */
document.addEventListener('htmx:afterSwap', ({ detail }) => showTimes(detail.target));
document.addEventListener('htmx:afterSettle', ({ detail }) => {
  if (detail.target !== panel()) return;
  if (!panel().open) panel().showModal();
  panel().querySelector('[autofocus]')?.focus();
});
document.addEventListener('click', (event) => {
  const close = event.target.closest('[data-close]');
  if (!close || !panel().open) return;
  event.preventDefault();
  panel().close();
});

/* Live: whatever changes in the ledger is shown, but never under somebody's hands. */
let isStale = false;
function refresh() {
  if (!refresher()) return;
  if (isTyping() || hasTyped() || panel().open) {
    isStale = true;
    return;
  }
  isStale = false;
  window.htmx.trigger(refresher(), 'refresh');
}
document.addEventListener('deal-changed', () => {
  isStale = true;
});
document.addEventListener('focusout', () => setTimeout(() => isStale && refresh(), 0));

let kept;
document.addEventListener('htmx:beforeSwap', ({ detail }) => {
  if (detail.target !== live()) return;
  // A part that is not the page any more, such as one that asks to sign in, is no news.
  if (detail.xhr.status >= 400) detail.shouldSwap = false;
  const picked = [...document.querySelectorAll('input[name=deal]:checked')].map((box) => box.value);
  const opened = [...live().querySelectorAll('details[open] > summary')].map((summary) => summary.textContent);
  const href = document.activeElement?.closest('tr')?.querySelector('a.open')?.getAttribute('href');
  kept = { picked, opened, href };
});
document.addEventListener('htmx:afterSettle', () => {
  if (!kept) return;
  for (const box of document.querySelectorAll('input[name=deal]')) box.checked = kept.picked.includes(box.value);
  for (const summary of document.querySelectorAll('#live details > summary'))
    if (kept.opened.includes(summary.textContent)) summary.parentElement.open = true;
  if (kept.href) findOpen(kept.href)?.focus();
  kept = undefined;
  showTimes(document);
  showSelected();
});

/* Several deals: how many are selected, and what they come to. */
function showSelected() {
  const bar = document.querySelector('[data-selected]');
  if (!bar) return;
  const picked = [...document.querySelectorAll('input[name=deal]:checked')];
  const sums = new Map();
  // Thousandths as whole numbers, since dinars have them: this is only shown, the figures are confirmed by the server's own.
  for (const { dataset } of picked)
    sums.set(dataset.currency, (sums.get(dataset.currency) ?? 0) + Math.round(Number(dataset.amount) * 1_000));
  const money = [...sums].map(
    ([currency, thousandths]) =>
      `${(thousandths / 1_000).toLocaleString(navigator.language, { minimumFractionDigits: 2 })} ${currency ?? ''}`,
  );
  bar.hidden = picked.length === 0;
  bar.querySelector('[data-count]').textContent = `${picked.length} selected, ${money.join(' and ')}`;
}
document.addEventListener('change', ({ target }) => {
  if (target.matches('[data-all]'))
    for (const box of document.querySelectorAll('input[name=deal]')) box.checked = target.checked;
  if (target.matches('[data-all], input[name=deal]')) showSelected();
  const form = target.closest('form[data-auto]');
  if (form && target.matches('select')) form.requestSubmit();
});
/* An empty field asks for nothing, and does not stand in the address. */
document.addEventListener('submit', ({ target }) => {
  if (!target.matches('form[data-auto]')) return;
  for (const field of target.elements) if (field.name && field.value === '') field.disabled = true;
});

/* Keys: next, previous, confirm, retry, select, search. Enter is the link's own. */
const rows = () => [...document.querySelectorAll('.work tbody tr')].filter((row) => row.querySelector('a.open'));
/* While new rows take the place of the old ones nothing has the focus: it is the row that will have it. */
const findOpen = (href) => document.querySelector(`a.open[href="${CSS.escape(href)}"]`);
const currentRow = () =>
  document.activeElement?.closest('.work tbody tr') ?? (kept?.href && findOpen(kept.href)?.closest('tr'));
function step(by) {
  const all = rows();
  const at = all.indexOf(currentRow());
  const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1)];
  next?.querySelector('a.open')?.focus();
  next?.scrollIntoView({ block: 'nearest' });
}
const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  '/': () => document.getElementById('search')?.focus(),
  x: () => currentRow()?.querySelector('input[name=deal]')?.click(),
  c: () => (currentRow() ?? document.querySelector('.status'))?.querySelector('[data-key=c]')?.click(),
  r: () => (currentRow() ?? document.querySelector('.status'))?.querySelector('[data-key=r]')?.click(),
};
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping() || panel()?.open) return;
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

/* The posting desk: one decision after the other, each with its result; it stops between two of them. */
const batch = document.querySelector('[data-start]')?.closest('[data-batch]');
if (batch) {
  const [start, stop] = [batch.querySelector('[data-start]'), batch.querySelector('[data-stop]')];
  const [progress, result] = [batch.querySelector('[data-progress]'), batch.querySelector('[data-result]')];
  let isStopped = false;
  start.hidden = false;
  const confirmOne = async (form) => {
    const cell = form.closest('.result');
    const answer = await fetch(form.action, {
      method: 'POST',
      body: new URLSearchParams(new FormData(form)),
      headers: { 'hx-request': 'true' },
    });
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const said = page.querySelector('.warning, h2')?.textContent ?? 'Nothing was decided.';
    // One of two people has confirmed: that is done, and posts nothing yet.
    const isPart = page.querySelector('[data-missing]') !== null;
    cell.className = `result ${!answer.ok ? 'stop' : isPart ? 'ask' : 'good'}`;
    cell.textContent = answer.ok && !isPart ? 'Confirmed' : said;
    return !answer.ok ? 'failed' : isPart ? 'part' : 'confirmed';
  };
  start.addEventListener('click', async () => {
    [start.hidden, stop.hidden, progress.hidden, isStopped] = [true, false, false, false];
    const forms = [...batch.querySelectorAll('form[data-one]')];
    const count = { confirmed: 0, part: 0, failed: 0 };
    for (const form of forms) {
      if (isStopped) break;
      count[await confirmOne(form).catch(() => 'failed')] += 1;
      const { confirmed, part, failed } = count;
      progress.value = confirmed + part + failed;
      const others = `${part > 0 ? `, ${part} waiting for another person` : ''}${failed > 0 ? `, ${failed} not` : ''}`;
      result.textContent = `${confirmed} confirmed${others}, ${forms.length - confirmed - part - failed} left`;
    }
    [stop.hidden, start.hidden] = [true, batch.querySelectorAll('form[data-one]').length === 0];
    start.textContent = `Confirm the other ${batch.querySelectorAll('form[data-one]').length}`;
    if (isStopped) result.textContent += '. Stopped.';
  });
  stop.addEventListener('click', () => {
    isStopped = true;
  });
}

document.addEventListener('click', ({ target }) => {
  const slow = target.closest('[data-busy]');
  if (slow) slow.textContent = slow.dataset.busy;
});

showTimes(document);
showSelected();
panel()?.addEventListener('close', () => {
  if (isStale) refresh();
});
/* What changed since the page was read is told first, however long nobody listened. A browser gives up after an answer that is
   no stream, such as that of a proxy while the desk restarts: then it is asked again here. */
const AGAIN_MS = 10_000;
let events;
function listen() {
  // A browser holds six connections to the desk at most: one for each tab that nobody sees, and the seventh tab never loads.
  if (events || document.hidden) return;
  events = new EventSource(`/api/v1/events?seen=${encodeURIComponent(live().dataset.seen)}`);
  events.addEventListener('changed', refresh);
  events.addEventListener('error', () => {
    if (events?.readyState !== EventSource.CLOSED) return;
    events = undefined;
    setTimeout(listen, AGAIN_MS);
  });
}
function stopListening() {
  events?.close();
  events = undefined;
}
/* The news were told and the page did not come, as while the ledger is away: nobody tells them again. */
for (const failure of ['htmx:responseError', 'htmx:sendError'])
  document.addEventListener(failure, ({ detail }) => {
    const isRefused = detail.xhr.status >= 400 && detail.xhr.status < 500;
    if (detail.elt === refresher() && !isRefused) setTimeout(refresh, AGAIN_MS);
  });
if (refresher()) {
  document.addEventListener('visibilitychange', () => (document.hidden ? stopListening() : listen()));
  listen();
}
