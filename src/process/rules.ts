import { z } from 'zod';
import type { AlertRules } from '../deal/alerts.js';
import { ConfigError, RefusedError } from '../deal/errors.js';
import type { DealEvent } from '../deal/events.js';
import type { FeedTable } from '../deal/ids.js';
import type { MasterRules } from '../deal/masters.js';
import type { SellerNoteRules } from '../deal/seller-notes.js';
import { companyColumns, toCompanyRules } from '../mapping/rules/companies.js';
import { toLineRules, toMapping } from '../mapping/rules/mapping.js';
import { RulesError, readRules } from '../mapping/rules/read-rules.js';
import type { DocumentRule, FeedRules, Rules } from '../mapping/rules/rules.js';
import type { RulesFile } from '../mapping/rules/rules-file.js';
import {
  hashMapping,
  type MappingVersion,
  readMappingVersion,
  toMappingVersion,
} from '../mapping/versions/versions.js';

/** From the text of the rules file to the rules that run. */

/** @throws ConfigError that names every fault with its line and column. */
export function parseRules(yaml: string, file?: string): Rules {
  return toRules(readRulesFile(yaml, file));
}

/** Of a file that somebody named, and by which nothing runs yet. @throws RulesError */
export function parseGivenRules(yaml: string, file: string): Rules {
  return toRules(readRules(yaml, file));
}

/**
 * The rules of today with the mapping of a kept version: by it a document is made; who confirms it, what may be created,
 * which company it goes to and everything that is not about one document stays as it is today.
 * @throws ConfigError when it was altered, or when this version of the program knows a rule of it no more.
 */
export function withMappingOf(today: Rules, { hash, content }: MappingVersion): Rules {
  const found = hashMapping(content);
  if (found !== hash) throw new ConfigError(`the mapping ${hash} was altered: its content has the hash ${found}`);
  try {
    const then = toRules(readMappingVersion(content));
    const { items, billTo } = then.masters;
    return {
      ...today,
      lines: then.lines,
      mapping: { ...then.mapping, read: [...then.mapping.read, ...companyColumns(today.companies)] },
      mappingHash: hash,
      totals: then.totals,
      documents: then.documents,
      masters: { ...today.masters, items, billTo },
    };
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    const [first] = error.issues;
    throw new ConfigError(`the mapping ${hash} is known no more: rule ${first?.path.join('.')}: ${first?.message}`);
  }
}

/** For whoever only asks: rules that are not usable are no fault of the process then. @throws RefusedError */
export function orRefuse<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw error instanceof ConfigError ? new RefusedError(error.message) : error;
  }
}

export function readRulesFile(yaml: string, file?: string): RulesFile {
  try {
    return readRules(yaml, file);
  } catch (error) {
    if (error instanceof RulesError) throw new ConfigError(error.message);
    throw error;
  }
}

export function toRules(file: RulesFile): Rules {
  const { confirmation, createCustomers, createItems, createContacts, createUnits, opportunityColumns } = file;
  const companies = toCompanyRules(file.companies);
  const ofFields = toMapping(file);
  const mapping = { ...ofFields, read: [...ofFields.read, ...companyColumns(companies)] };
  return {
    policy: {
      confirmation:
        confirmation === 'automatic'
          ? { by: 'rule' }
          : confirmation === 'person'
            ? { by: 'person' }
            : toRuleBelow(confirmation),
      ...(file.approval.length > 0 && { approval: file.approval }),
      createCustomers,
      createItems,
    },
    lines: toLineRules(file, mapping),
    mapping,
    mappingHash: toMappingVersion(file).hash,
    createContacts,
    createUnits,
    totals: file.totals,
    masters: toMasterRules(file.masters),
    opportunityColumns,
    invoiceColumns: file.invoiceColumns,
    events: new Set(file.events),
    settleMs: file.settleSeconds * 1_000,
    documents: toDocumentRules(file.documents),
    externalDocumentNumber: file.externalDocumentNumber,
    orderPosting: file.orderPosting,
    closeOrders: file.closeOrders,
    hasOpportunityColumns: Object.values(opportunityColumns).some((column) => column !== undefined),
    writeInTextLength: 500,
    invoiceFeed: { ...file.invoiceFeed, from: file.invoiceFeed.from },
    feeds: toFeedRules(file.feeds),
    companies,
    applications: Object.fromEntries(
      Object.entries(file.applications).map(([name, { clientId, ...quota }]) => [name, { clientId, ...quota }]),
    ),
    alerts: toAlertRules(file.alerts),
    sellerNotes: toSellerNoteRules(file.sellerNotes),
    flows: file.flows,
  };
}

function toRuleBelow({
  automaticBelow: amount,
  currency,
}: Extract<RulesFile['confirmation'], object>): Rules['policy']['confirmation'] {
  return { by: 'rule-below', amount, ...(currency !== undefined && { currency }) };
}

function toDocumentRules(documents: RulesFile['documents']): Rules['documents'] {
  const toRule = (rule: RulesFile['documents'][DealEvent]): DocumentRule =>
    typeof rule === 'object'
      ? { kind: 'quote', becomes: rule.quote }
      : { kind: rule, ...(rule === 'quote' && { becomes: 'order' }) };
  return {
    opportunityWon: toRule(documents.opportunityWon),
    quoteWon: toRule(documents.quoteWon),
    orderCreated: toRule(documents.orderCreated),
    orderSubmitted: toRule(documents.orderSubmitted),
  };
}

function toAlertRules({ trailAt, channels, ...rules }: RulesFile['alerts']): AlertRules {
  const [hour = 0, minute = 0] = trailAt.split(':').map(Number);
  return {
    ...rules,
    quietHours: rules.quietHours,
    mailFrom: rules.mailFrom,
    trailAt: { hour, minute },
    channels: channels.map(({ to, quiet, ...channel }) => ({ ...channel, to: to ?? [], keepsQuiet: quiet })),
  };
}

function toSellerNoteRules(file: RulesFile['sellerNotes']): SellerNoteRules | undefined {
  if (file === false) return undefined;
  const { waitingHours, quietMinutes, ...told } = file;
  return {
    ...told,
    waitingMs: waitingHours === false ? undefined : waitingHours * 3_600_000,
    quietMs: quietMinutes * 60_000,
  };
}

function toMasterRules(file: RulesFile['masters']): MasterRules {
  const { fields, items, itemPattern, quietSeconds, driftAt, ...rules } = file;
  const [hour = 0, minute = 0] = driftAt.split(':').map(Number);
  return {
    ...rules,
    winsFor: fields,
    items: {
      table: items,
      pattern: itemPattern,
    },
    quietMs: quietSeconds * 1_000,
    driftAt: { hour, minute },
  };
}

function toFeedRules({ everySeconds, pageSize, from, countDays, countAt, tables }: RulesFile['feeds']): FeedRules {
  const settings = (table: FeedTable) => ({
    everySeconds: tables[table]?.everySeconds ?? everySeconds,
    pageSize: tables[table]?.pageSize ?? pageSize,
    from: tables[table]?.from ?? from,
  });
  const [hour = 0, minute = 0] = countAt.split(':').map(Number);
  return {
    tables: {
      opportunity: settings('opportunity'),
      quote: settings('quote'),
      salesorder: settings('salesorder'),
      account: settings('account'),
      contact: settings('contact'),
      product: settings('product'),
    },
    countDays,
    countAt: { hour, minute },
  };
}
