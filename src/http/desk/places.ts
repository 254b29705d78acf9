import type { DealDocument } from '../../operations/deals/open-deal.js';

/** Where people find the same in the other systems. */

/** https://learn.microsoft.com/power-apps/developer/model-driven-apps/open-forms-views-dialogs-reports-url */
export function toRecordAddress(
  environmentUrl: string,
  { table, recordId }: { readonly table: string; readonly recordId: string },
): string {
  return `${environmentUrl}/main.aspx?${new URLSearchParams({ pagetype: 'entityrecord', etn: table, id: recordId })}`;
}

/** Cards of Business Central: Sales Quote, Sales Order, Sales Invoice, Posted Sales Invoice. */
const PAGES = { quote: '41', order: '42', invoice: '43', posted: '132' } as const;

/** https://learn.microsoft.com/dynamics365/business-central/dev-itpro/developer/devenv-web-client-urls */
export function toDocumentAddress(
  webClient: string | undefined,
  company: string | undefined,
  document: Pick<DealDocument, 'kind' | 'number' | 'isPosted' | 'isConverted' | 'isGone'>,
): string | undefined {
  const { kind, number, isPosted, isConverted, isGone } = document;
  if (webClient === undefined || company === undefined || isConverted || isGone) return undefined;
  const page = PAGES[isPosted ? 'posted' : kind];
  const query = { company, page, filter: `'No.' IS '${number}'` };
  return `${webClient}/?${new URLSearchParams(query).toString().replaceAll('+', '%20')}`;
}
