import { log } from '@temporalio/workflow';
import { ledger } from '../activity-options.js';
import { findMisfit, type IgnoredSignal } from '../strict-input.js';
import type { DealDisplay } from './deal-display.js';

/** Signals that do not fit, which nobody can refuse: they are ignored, shown, and recorded with the deal. */
export class UnfitSignals {
  private readonly recordId: string;
  private readonly display: DealDisplay;
  private readonly kinds = new Set<string>();

  constructor(recordId: string, display: DealDisplay) {
    this.recordId = recordId;
    this.display = display;
  }

  fits(signal: string, validate: () => void): boolean {
    const misfit = findMisfit(signal, validate);
    if (misfit) this.ignore(misfit);
    return misfit === undefined;
  }

  ignore({ kind, text }: IgnoredSignal): void {
    this.display.ignoreSignal(text);
    if (this.kinds.has(kind)) return;
    // Once a kind: whoever sends thousands does not make the history long.
    this.kinds.add(kind);
    void ledger
      .saveNotice({ recordId: this.recordId, notice: { kind: 'signal-ignored', subject: kind } })
      .catch(() => log.warn('an ignored signal cannot be recorded', { signal: kind }));
  }
}
