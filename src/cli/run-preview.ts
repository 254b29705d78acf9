import { readFileSync } from 'node:fs';
import {
  type BusinessCentralClient,
  createBusinessCentralClient,
  findCompanyId,
} from '../clients/business-central/client.js';
import { createDataverseClient } from '../clients/dataverse/client.js';
import { findCompanyRule, placeName, toPlace } from '../deal/companies.js';
import { isSourceTable, parseRecordId, SOURCE_TABLES } from '../deal/ids.js';
import { printPreview } from '../mapping/preview/preview.js';
import { openAccess } from '../process/access.js';
import { type Config, loadConfig, parseRules, toEnvironmentUrl } from '../process/config.js';
import { openFoundation } from '../process/runtime.js';
import { compareMappings, createPreviewer, type PreviewDependencies, previewSince } from './preview.js';

/** The command `dealbridge preview`: reads Sales and Business Central, and writes to neither. */

export interface PreviewOptions {
  readonly json?: boolean;
  readonly since?: string;
  readonly mapping?: string;
}

export async function runPreview(
  table: string | undefined,
  guid: string | undefined,
  options: PreviewOptions,
): Promise<void> {
  const { since, mapping, json } = options;
  if (since !== undefined && !/^\d{4}-\d{2}-\d{2}$/.test(since)) {
    throw new RangeError(`--since: found '${since}', a day such as 2026-03-31 is right`);
  }
  if (since === undefined && (table === undefined || guid === undefined || mapping !== undefined)) {
    throw new RangeError('preview: <table> <guid>, or --since <date> with or without --mapping <file>, is right');
  }
  const config = loadConfig();
  const { dependencies, close } = await connect(config);
  const show = (value: unknown, text: () => string): void =>
    console.log(json ? JSON.stringify(value, null, 2) : `${text()}\n`);
  try {
    const previewer = createPreviewer(dependencies, config.rules);
    if (since === undefined) {
      if (!isSourceTable(table ?? '')) {
        throw new RangeError(`table: found '${table}', one of ${SOURCE_TABLES.join(', ')} is right`);
      }
      const preview = await previewer.preview(table as (typeof SOURCE_TABLES)[number], parseRecordId(guid ?? ''));
      show(preview, () => printPreview(preview));
    } else if (mapping === undefined) {
      for await (const preview of previewSince(dependencies, previewer, since)) {
        show(preview, () => printPreview(preview));
      }
    } else {
      const other = createPreviewer(dependencies, parseRules(readFileSync(mapping, 'utf8'), mapping));
      let count = 0;
      for await (const changed of compareMappings(dependencies, previewer, other, since)) {
        count += 1;
        const { deal, changes } = changed;
        const lines = changes.map((one) => `  ${one.field}: ${one.before ?? '–'} → ${one.after ?? '–'}`);
        show(changed, () => [`${deal.table} ${deal.number} (${deal.recordId})`, ...lines].join('\n'));
      }
      if (!json) console.log(`${count} ${count === 1 ? 'document' : 'documents'} would be different`);
    }
  } finally {
    await close();
  }
}

async function connect(config: Config): Promise<{ dependencies: PreviewDependencies; close: () => Promise<void> }> {
  const foundation = await openFoundation({ ...config, logLevel: 'warn' }, 'cli');
  const { dependencies, close } = openPreview(config, await openAccess(config, foundation.vault));
  return {
    dependencies,
    close: async () => {
      await close();
      await foundation.close();
    },
  };
}

/** Both systems as a preview asks them, each company once. */
export function openPreview(
  config: Config,
  access: Awaited<ReturnType<typeof openAccess>>,
): { dependencies: PreviewDependencies; close: () => Promise<void> } {
  const { apiUrl, app, ...first } = config.businessCentral;
  const opened = new Map<string, BusinessCentralClient>();
  const dataverse = createDataverseClient(access.dataverse);
  return {
    dependencies: {
      dataverse,
      async companyOf(deal, { companies }) {
        const rule = findCompanyRule(deal, companies);
        const place = rule ? toPlace(rule, first) : first;
        const known = opened.get(placeName(place));
        if (known) return known;
        const environmentUrl = toEnvironmentUrl(apiUrl, app.tenantId, place.environment);
        const options = { ...access.businessCentral, environmentUrl };
        const companyId = await findCompanyId({ ...options, companyName: place.company });
        const company = createBusinessCentralClient({ ...options, companyId });
        opened.set(placeName(place), company);
        return company;
      },
    },
    close: async () => {
      await Promise.all([dataverse, ...opened.values()].map((client) => client.close()));
    },
  };
}
