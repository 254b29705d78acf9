import type { Connection } from '@dealbridge/simulators';
import { createBusinessCentralClient } from '../../src/clients/business-central/client.js';
import { createDataverseClient } from '../../src/clients/dataverse/client.js';
import { createTokenSource } from '../../src/clients/entra/tokens.js';
import { REPEATABLE } from '../../src/clients/http/write-context.js';
import { toDocument } from '../../src/deal/document.js';

/** The five requests of a deal by the product's own clients, without any of its care. */

const LINES = { writeInAccount: '8400', freightAccount: '8410', units: {} };

export interface PlainOptions {
  readonly connection: Connection;
  readonly companyId: string;
  /** Id in Business Central by number. */
  readonly customers: Readonly<Record<string, string>>;
}

export function createPlainHandOver({ connection, companyId, customers }: PlainOptions) {
  const app = ({ clientId, scope, clientSecret: secret }: Connection['dataverseApp']) => {
    const { tenant: tenantId, entra: loginOrigin } = connection;
    return createTokenSource({ tenantId, clientId, scope, loginOrigin }, async () => [{ kind: 'secret', secret }]);
  };
  const sales = createDataverseClient({
    environmentUrl: connection.dataverse,
    tokens: app(connection.dataverseApp),
    timeoutMs: 10_000,
  });
  const businessCentral = createBusinessCentralClient({
    environmentUrl: `${connection.businessCentral}/v2.0/${connection.tenant}/${connection.environment}`,
    companyId,
    tokens: app(connection.businessCentralApp),
    timeoutMs: 10_000,
  });
  return {
    async handOver(id: string): Promise<void> {
      const deal = await sales.readDeal('salesorder', id);
      const document = toDocument(deal, customers[deal.customer?.number ?? ''] ?? '', LINES);
      const draft = await businessCentral.createInvoice(document, REPEATABLE);
      await businessCentral.postInvoice(draft.id, draft.etag, REPEATABLE);
      const posted = await businessCentral.getInvoice(draft.id);
      const lines = posted.lines.map(({ description, quantity, unitPrice, discount, tax }) => {
        return { product: undefined, description, quantity, unitPrice, discount, tax };
      });
      const row = {
        invoiceId: posted.id,
        number: posted.number,
        name: deal.name,
        source: { table: 'salesorder' as const, recordId: id },
        accountId: deal.customer?.accountId ?? '',
        customerKind: 'account' as const,
        currencyId: deal.currencyId,
        priceListId: deal.priceListId,
        dueDate: posted.dueDate,
        columns: {},
        discount: '0',
        lines,
      };
      await sales.createInvoice(row, REPEATABLE);
    },
    close: () => Promise.all([sales.close(), businessCentral.close()]),
  };
}
