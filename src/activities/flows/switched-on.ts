import { createHash } from 'node:crypto';
import type { FlowRules } from '../../mapping/rules/flows-file.js';
import { type AttachmentDependencies, createAttachmentFlow } from './attachments.js';
import { type CreditMemoDependencies, createCreditMemoFlow } from './credit-memos.js';
import { createFinanceFlow, type FinanceDependencies } from './customer-finances.js';
import type { Flow, SwitchedOnFlow } from './flow.js';
import { createInvoicePdfFlow, type InvoicePdfDependencies } from './invoice-pdf.js';
import { createShipmentFlow, type ShipmentDependencies } from './shipments.js';
import { createStockFlow, type StockDependencies } from './stock.js';

export type FlowDependencies = InvoicePdfDependencies &
  CreditMemoDependencies &
  ShipmentDependencies &
  FinanceDependencies &
  StockDependencies &
  AttachmentDependencies;

/** The flows that the rules name. */
export function createFlows(dependencies: FlowDependencies, rules: FlowRules): SwitchedOnFlow[] {
  const { invoicePdf, creditMemos, shipments, customerFinances, stock, attachments } = rules;
  const flows: Flow[] = [
    ...(invoicePdf ? [createInvoicePdfFlow(dependencies, invoicePdf)] : []),
    ...(creditMemos ? [createCreditMemoFlow(dependencies, creditMemos)] : []),
    ...(shipments ? [createShipmentFlow(dependencies, shipments)] : []),
    ...(customerFinances ? [createFinanceFlow(dependencies, customerFinances)] : []),
    ...(attachments ? [createAttachmentFlow(dependencies, attachments)] : []),
    ...(stock ? [createStockFlow(dependencies, stock)] : []),
  ];
  return flows.map((flow) => ({
    ...flow,
    ruleHash: createHash('sha256').update(JSON.stringify(rules[flow.name])).digest('hex'),
  }));
}
