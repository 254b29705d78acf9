import type { BusinessCentralClient } from '../../clients/business-central/client.js';
import { InternalError } from '../../deal/errors.js';
import type { FlowRules } from '../../mapping/rules/flows-file.js';
import { toTemporalFailures } from '../remote/write-once.js';
import { fitColumns } from './columns.js';
import { type Flow, toNote } from './flow.js';
import { collectSwept, createCurrencyCheck, type SweptDependencies } from './swept-flow.js';
import { updateReadRow } from './update-row.js';

/** Balance, overdue amount, credit limit and block of a customer: columns of its account. */

export type FinanceDependencies = SweptDependencies & {
  readonly businessCentral: Pick<BusinessCentralClient, 'readCustomerFigures' | 'readCodes'>;
};

export function createFinanceFlow(
  dependencies: FinanceDependencies,
  rule: NonNullable<FlowRules['customerFinances']>,
): Flow {
  const { businessCentral, dataverseFlows } = dependencies;
  const { columns } = rule;
  const currency = createCurrencyCheck(dependencies);
  const name = 'customerFinances';
  return {
    name,
    everyMinutes: rule.everyMinutes,
    batchSize: 20,
    collect: (place) =>
      collectSwept(
        dependencies,
        { name, kind: 'customer', unlinked: 'no-account', rule: columns },
        place,
        async (...page) => {
          const { rows, nextLink } = await businessCentral.readCustomerFigures(...page);
          return { rows: rows.map(({ id, ...values }) => ({ id, values })), nextLink };
        },
      ),

    async carry(thing) {
      const { targetId, values } = thing;
      if (targetId === undefined) throw new InternalError('the customer has no account');
      const { balance = '', overdue = '', sales = '', creditLimit = '', blocked = '' } = values;
      const fitted = await fitColumns(dataverseFlows, 'account', [
        [columns.balance, { kind: 'amount', text: balance }],
        [columns.overdue, { kind: 'amount', text: overdue }],
        [columns.sales, { kind: 'amount', text: sales }],
        [columns.creditLimit, { kind: 'amount', text: creditLimit }],
        [columns.blocked, { kind: 'state', text: blocked }],
      ]);
      if ('unfit' in fitted) return toNote('column-unfit', fitted.unfit);
      const account = { table: 'account', id: targetId } as const;
      const other = fitted.hasMoney ? await currency.findOtherOfRow(account) : undefined;
      if (other) return toNote('other-currency', other);
      const receipt = await toTemporalFailures(() =>
        updateReadRow(dependencies, { flow: name, thing }, account, fitted.columns),
      );
      const { requestId, correlationId } = receipt;
      const audit = {
        actor: 'dealbridge',
        action: 'write the figures of the customer on the account in Sales',
      } as const;
      return { state: 'carried', audit: { ...audit, recordId: targetId, requestId, correlationId, after: values } };
    },
  };
}
