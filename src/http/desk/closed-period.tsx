import type { ClosedPeriod } from '../../deal/posting-period.js';

/** Said before somebody confirms what Business Central would refuse to post. */
export function ClosedPeriodWarning({ period }: { readonly period: ClosedPeriod | undefined }) {
  if (!period) return null;
  const { postingDate, from, to } = period;
  const open = [from !== undefined && `from ${from}`, to !== undefined && `to ${to}`].filter(Boolean).join(' ');
  return (
    <p class="warning">
      Business Central takes no posting on {postingDate}, the posting date of the draft: open is {open}.{' '}
      <span class="next">
        <span class="owner">Next step, finance:</span> Open the period in Business Central, or give the draft another
        posting date; then confirm.
      </span>
    </p>
  );
}
