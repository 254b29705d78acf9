import type { CompanyRule } from '../../deal/companies.js';
import type { ColumnValue } from '../../deal/deal.js';
import { InternalError } from '../../deal/errors.js';
import { parseSourceColumn, type SourceColumn } from '../fields/sources.js';
import type { CompanyRuleInFile } from './companies-file.js';

/** The rules of companies ready for use, and the columns that they need of a deal. */

export function toCompanyRules(rules: readonly CompanyRuleInFile[]): CompanyRule[] {
  return rules.map(({ company, environment, application, when }) => ({
    company,
    environment,
    application,
    when: {
      currency: when.currency,
      columns: [
        ...(when.businessUnit ? [toColumnValue('_owningbusinessunit_value', when.businessUnit)] : []),
        ...(when.territory ? [toColumnValue('account._territoryid_value', when.territory)] : []),
        ...(when.column ? [toColumnValue(when.column.name, when.column.value)] : []),
      ],
    },
  }));
}

/** What the reading request must bring so that the rules can be judged. */
export function companyColumns(rules: readonly CompanyRule[]): SourceColumn[] {
  return rules.flatMap(({ when }) => when.columns.map(({ row, column, tables }) => ({ row, column, tables })));
}

function toColumnValue(name: string, value: string): ColumnValue {
  const source = parseSourceColumn(name);
  if (!source || source.row === 'line' || source.row === 'product') {
    throw new InternalError(`'${name}' was checked and is no column of a deal all the same`);
  }
  const { row, column, tables } = source;
  return { row, column, tables, value };
}
