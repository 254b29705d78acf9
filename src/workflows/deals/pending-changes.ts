import { type ChangeHint, isNewerRevision } from '../../deal/change-hints.js';

/** What hints have named and nobody has read yet. */
export interface Pending {
  /** The record in Sales is another, or may be. */
  readonly ofRecord: boolean;
  /** An invoice in Business Central is another. */
  readonly ofInvoices: boolean;
}

/** Remembers hints until the story reads what they name; many hints are one reading. */
export class PendingChanges {
  /** Of the record as it was read last. */
  private revision: string | undefined;
  /** The newest revision that a hint named since the last reading began; it is compared once that has its answer. */
  private newestRevision: string | undefined;
  /** The one that the last reading was for: it is not read for twice, whether it was found or not (I5). */
  private answeredRevision: string | undefined;
  /** A hint named no revision, or the record is deleted: only reading tells. */
  private isRecordChanged = false;
  private areInvoicesChanged = false;
  private isMasterDataChanged = false;
  /** Each hint ends a hold once: the step that is held may not be one that reads the record again. */
  private hints = 0;
  private answeredHints = 0;

  add(hint: ChangeHint): void {
    this.hints += 1;
    switch (hint.at) {
      case 'dataverse':
        if (hint.revision === undefined || hint.isDeleted) this.isRecordChanged = true;
        else if (hint.revision === this.answeredRevision) return;
        else if (this.newestRevision === undefined || isNewerRevision(hint.revision, this.newestRevision))
          this.newestRevision = hint.revision;
        return;
      case 'business-central':
        this.areInvoicesChanged = true;
        return;
      case 'masters':
        this.isMasterDataChanged = true;
    }
  }

  /** The record is about to be read. A hint that comes while it is may tell of what the answer does not hold yet (I5). */
  beginReading(): void {
    this.isRecordChanged = false;
    if (this.newestRevision !== undefined) this.answeredRevision = this.newestRevision;
    this.newestRevision = undefined;
  }

  /** From now on a hint that names a revision counts only when that is newer than this. */
  hasRead(revision: string): void {
    this.revision = revision;
  }

  /** What was read of the record is to be read once more, by whoever takes the changes next. */
  leaveRecord(): void {
    this.isRecordChanged = true;
  }

  hasAny(): boolean {
    return this.isRecordPending() || this.areInvoicesChanged;
  }

  /** Once: whoever takes it reads again. */
  take(): Pending {
    const pending = { ofRecord: this.isRecordPending(), ofInvoices: this.areInvoicesChanged };
    this.beginReading();
    this.areInvoicesChanged = false;
    return pending;
  }

  /** A step begins that reads master data: what hints named before is seen by it. */
  forgetMasterData(): void {
    this.isMasterDataChanged = false;
  }

  /** Whether a hold may be over: a hint that came while the step ran may name what the step had read before. */
  mayEndHold(): boolean {
    return this.isMasterDataChanged || (this.hasAny() && this.hints > this.answeredHints);
  }

  answerHold(): void {
    this.answeredHints = this.hints;
  }

  private isRecordPending(): boolean {
    return this.isRecordChanged || this.isNewer(this.newestRevision);
  }

  private isNewer(revision: string | undefined): boolean {
    return revision !== undefined && (this.revision === undefined || isNewerRevision(revision, this.revision));
  }
}
