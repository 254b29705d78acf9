import type { SearchAttributeUpdatePair } from '@temporalio/common';
import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { Approval } from '../../deal/approval.js';
import type { Figures, RecordRef } from '../../deal/deal.js';
import { HOLDS, type Problem } from '../../deal/holds.js';
import { type DealLabel, toLabelText } from '../../deal/run-summary.js';
import { type DealState, nextState, type StateEvent, WAITING_STATES } from '../../deal/states.js';
import type { DealStatus } from './messages.js';
import { SEARCH_ATTRIBUTES } from './search-attributes.js';
import { showBeforeSteps } from './show-before-steps.js';

/** What people see of a deal while it goes on. */
export interface DealFacts {
  readonly label?: DealLabel;
  readonly difference?: string | undefined;
  readonly edited?: string | undefined;
  readonly customerNumber?: string;
  readonly invoiceNumber?: string;
  readonly amount?: string;
  readonly figures?: Figures;
  readonly approval?: Approval;
}

/** The deal as the query `status`, Temporal's list and the Web UI's page show it. */
export class DealDisplay {
  private readonly ref: RecordRef;
  private label: DealLabel | undefined;
  /** What the list of runs is to say, and what it says. */
  private wanted: Listed;
  private listed: Listed;
  private shownState: DealState = 'reading';
  private step = 'starting';
  private shownProblems: readonly Problem[] = [];
  private shownFigures: Figures | undefined;
  private shownApproval: Approval | undefined;
  private invoiceNumber: string | undefined;
  private difference: string | undefined;
  private edited: string | undefined;
  private ignored: string | undefined;

  constructor(ref: RecordRef) {
    this.ref = ref;
    const { typedSearchAttributes: known } = workflowInfo();
    this.listed = {
      sourceTable: known.get(SEARCH_ATTRIBUTES.sourceTable),
      state: known.get(SEARCH_ATTRIBUTES.state),
      holdReason: known.get(SEARCH_ATTRIBUTES.holdReason),
    };
    // A run that goes on where another one ended says nothing until it moves.
    this.wanted = this.listed;
    showBeforeSteps(() => this.list());
  }

  get state(): DealState {
    return this.shownState;
  }

  get problems(): readonly Problem[] {
    return this.shownProblems;
  }

  get approval(): Approval | undefined {
    return this.shownApproval;
  }

  get figures(): Figures | undefined {
    return this.shownFigures;
  }

  /** @throws InvalidTransitionError, which stops the run until the code is mended: a bug must not post anything. */
  move(event: StateEvent, step: string): DealState {
    this.shownState = nextState(this.shownState, event);
    this.step = step;
    this.shownProblems = [];
    this.publish();
    return this.shownState;
  }

  resumeAt(state: DealState): void {
    this.shownState = state;
  }

  setStep(step: string): void {
    this.step = step;
  }

  hold(problems: readonly Problem[]): void {
    this.shownState = nextState(this.shownState, 'held');
    this.shownProblems = problems;
    this.publish();
  }

  /** The hold is over: the deal stands where it was held. */
  resume(state: DealState): void {
    this.shownState = state;
    this.shownProblems = [];
    this.publish();
  }

  ignoreSignal(text: string): void {
    this.ignored = text;
    this.publishDetails();
  }

  show(facts: DealFacts): void {
    this.label = facts.label ?? this.label;
    this.shownFigures = facts.figures ?? this.shownFigures;
    this.shownApproval = facts.approval ?? this.shownApproval;
    if ('difference' in facts) this.difference = facts.difference;
    if ('edited' in facts) this.edited = facts.edited;
    this.invoiceNumber = facts.invoiceNumber ?? this.invoiceNumber;
    const { customerNumber, invoiceNumber, amount } = facts;
    this.wanted = {
      ...this.wanted,
      ...(customerNumber && { customerNumber }),
      ...(invoiceNumber && { invoiceNumber }),
      ...(amount && { amount: Number(amount) }),
    };
    this.publishDetails();
  }

  /**
   * Tells the list of runs where the deal stands: every telling is an event and a write of the server, so that states which
   * only pass are left to the ledger. Numbers and amounts go along with the next one that is told, or at the end.
   */
  list({ isLast = false } = {}): void {
    const { wanted, listed } = this;
    const isListed = wanted.state === listed.state && wanted.holdReason === listed.holdReason;
    if (!isLast && (isListed || !(lasts(wanted.state) || lasts(listed.state)))) return;
    const changed = (Object.keys(SEARCH_ATTRIBUTES) as (keyof Listed)[]).filter(
      (name) => wanted[name] !== listed[name],
    );
    if (changed.length === 0) return;
    upsertSearchAttributes(changed.map((name) => toAttribute(name, wanted)));
    this.listed = { ...wanted };
  }

  status(): DealStatus {
    return {
      state: this.shownState,
      step: this.step,
      problems: this.shownProblems.map((problem) => ({ ...problem, ...HOLDS[problem.reason] })),
      figures: this.shownFigures,
      invoiceNumber: this.invoiceNumber,
      ...(this.isForSeveral() && { approval: this.toShownApproval() }),
      ...(this.difference !== undefined && { difference: this.difference }),
      ...(this.edited !== undefined && { edited: this.edited }),
      ...(this.ignored !== undefined && { ignoredSignal: this.ignored }),
    };
  }

  /** By name: what the issuer knows people by is nothing for a page. */
  private toShownApproval(): Approval | undefined {
    if (!this.shownApproval) return undefined;
    const { people: _people, ...shown } = this.shownApproval;
    return shown;
  }

  private isForSeveral(): boolean {
    return this.shownState === 'awaiting-confirmation' && (this.shownApproval?.needed ?? 0) > 1;
  }

  private publish(): void {
    const { ref, shownState: state, shownProblems } = this;
    this.wanted = { ...this.wanted, sourceTable: ref.table, state, holdReason: shownProblems[0]?.reason };
    this.publishDetails();
  }

  private publishDetails(): void {
    setCurrentDetails(toMarkdown(this.status(), this.label));
  }
}

interface Listed {
  readonly sourceTable?: string | undefined;
  readonly state?: string | undefined;
  readonly holdReason?: string | undefined;
  readonly customerNumber?: string;
  readonly invoiceNumber?: string;
  readonly amount?: number;
}

/** The end of one is told like its beginning. */
const LASTING: ReadonlySet<string> = new Set(WAITING_STATES);

function lasts(state: string | undefined): boolean {
  return state !== undefined && LASTING.has(state);
}

function toAttribute(name: keyof Listed, wanted: Listed): SearchAttributeUpdatePair {
  if (name === 'amount') return { key: SEARCH_ATTRIBUTES.amount, value: wanted.amount ?? null };
  return { key: SEARCH_ATTRIBUTES[name], value: wanted[name] ?? null };
}

function toMarkdown(status: DealStatus, label: DealLabel | undefined): string {
  const named = toLabelText(label);
  const lines = [`### ${status.state}`, ...(named === '' ? [] : [`**${named}**`]), status.step];
  if (status.figures) {
    lines.push(
      `draft **${status.figures.documentNumber}**, ${status.figures.totalIncludingTax} ${status.figures.currency}`,
    );
  }
  if (status.approval) lines.push(`${status.approval.by.length} of ${status.approval.needed} people have confirmed`);
  if (status.difference) lines.push(`does not agree with the deal: ${status.difference}`);
  if (status.edited) lines.push(`changed by hand in Business Central: ${status.edited}`);
  if (status.invoiceNumber) lines.push(`invoice **${status.invoiceNumber}**`);
  for (const problem of status.problems)
    lines.push(`- **${problem.reason}** (${problem.owner}): ${problem.text}. ${problem.nextStep}`);
  if (status.ignoredSignal) lines.push(`ignored signal: ${status.ignoredSignal}`);
  return lines.join('\n\n');
}
