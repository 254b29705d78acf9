import type { HoldReason } from '../../deal/holds.js';
import { plural } from '../../deal/plural.js';
import type { FitReason, FitSummary } from './fit.js';

/** What a rules file could say to the reasons that were found. Whatever needs a choice is a comment: the file can be used as it is. */

interface Proposal {
  readonly lines: readonly string[];
  /** Followed by what was found, one comment a cause. */
  readonly listsCauses?: true;
}

const PROPOSALS: Readonly<Partial<Record<HoldReason, Proposal>>> = {
  'customer-missing': { lines: ['createCustomers: true'] },
  'item-missing': { lines: ['createItems: true'] },
  'write-in-unmapped': { lines: ['# writeInAccount: "8400"   # the account in Business Central that takes them'] },
  'freight-unmapped': { lines: ['# freightAccount: "8410"   # the account in Business Central that takes it'] },
  'unit-unknown': {
    lines: ['# tables:', "#   units: { Sales' name: CODE }   # or createUnits: true with createItems"],
    listsCauses: true,
  },
  'code-unknown': {
    lines: ["# tables:   # by the table that the rule names: { Sales' value: CODE }"],
    listsCauses: true,
  },
  'value-too-long': {
    lines: ['# mapping: for each of these fields { column: …, cut: true }, or shorten the value in Sales'],
    listsCauses: true,
  },
};

export function proposeRules({ deals, reasons }: FitSummary, days: number): string {
  const out = [
    `# Proposed by \`dealbridge fit\` from ${plural(deals, 'won deal')} of ${plural(days, 'day')}. It adds to the rules that it ran with.`,
    '# A line that is a comment needs a choice.',
  ];
  for (const found of reasons) {
    const proposal = PROPOSALS[found.reason];
    if (!proposal) continue;
    out.push('', `# ${found.reason}: ${found.deals} of them`, ...proposal.lines);
    if (proposal.listsCauses) out.push(...found.causes.map(toComment));
  }
  return `${out.join('\n')}\n`;
}

function toComment({ text, deals }: FitReason['causes'][number]): string {
  return `#   ${deals} × ${text.replaceAll(/\s+/g, ' ')}`;
}
