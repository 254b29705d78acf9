import type { FlowRules } from '../../mapping/rules/flows-file.js';
import type { Flow } from './flow.js';
import { createInvoicePdfFlow, type InvoicePdfDependencies } from './invoice-pdf.js';

export type FlowDependencies = InvoicePdfDependencies;

/** The flows that the rules name. */
export function createFlows(dependencies: FlowDependencies, { invoicePdf }: FlowRules): Flow[] {
  return [...(invoicePdf ? [createInvoicePdfFlow(dependencies, invoicePdf)] : [])];
}
