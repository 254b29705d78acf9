import type { Command } from 'commander';
import { stringify } from 'yaml';
import type { Queryable } from '../ledger/database.js';
import { listMappings, type StoredMapping } from '../ledger/settings/mappings.js';
import type { Rules } from '../mapping/rules/rules.js';
import { hashMapping } from '../mapping/versions/versions.js';
import { loadConfig, withMappingOf } from '../process/config.js';
import type { Runtime } from '../process/runtime.js';

/** The mappings that the ledger keeps: `dealbridge mapping list|show`, and which of them a replay goes by. */

type WithRuntime = (work: (runtime: Runtime) => Promise<void>) => Promise<void>;

export function addKeptMappingCommands(mapping: Command, withRuntime: WithRuntime): void {
  mapping
    .command('list')
    .description('list the mappings that workers were started with, the newest first')
    .action(() =>
      withRuntime(async ({ database }) => {
        const { mappingHash } = loadConfig().rules;
        for (const { hash, firstUsedAt, records } of await listMappings(database)) {
          const today = hash === mappingHash ? "today's" : '-';
          console.log([hash, firstUsedAt.toISOString(), `${records} records`, today].join('\t'));
        }
      }),
    );

  mapping
    .command('show')
    .description('print a mapping of `mapping list` as a rules file')
    .argument('<hash>', 'its beginning is enough')
    .action((hash: string) =>
      withRuntime(async ({ database }) => {
        const kept = pick(await listMappings(database), hash);
        const found = hashMapping(kept.content);
        if (found !== kept.hash)
          throw new RangeError(`mapping ${kept.hash} was altered: its content has the hash ${found}`);
        console.log(stringify(kept.content));
      }),
    );
}

export interface Mappings {
  /** Today's rules with that mapping; undefined when the ledger has none of that hash. @throws ConfigError */
  find(hash: string): Rules | undefined;
  /** Undefined for today's. @throws RangeError */
  choose(which: string): Rules | 'then' | undefined;
}

export async function openMappings(database: Queryable, today: Rules): Promise<Mappings> {
  const kept = await listMappings(database);
  const find = (hash: string): Rules | undefined => {
    const one = kept.find((mapping) => mapping.hash === hash);
    return hash === today.mappingHash ? today : one && withMappingOf(today, one);
  };
  return {
    find,
    choose(which) {
      if (which === 'now') return undefined;
      return which === 'then' ? 'then' : find(pick(kept, which, 'now, then or ').hash);
    },
  };
}

/** Shorter beginnings of a hash are too easily another's. */
const MIN_HASH_LENGTH = 6;

function pick(kept: readonly StoredMapping[], beginning: string, others = ''): StoredMapping {
  const found = kept.filter(({ hash }) => beginning.length >= MIN_HASH_LENGTH && hash.startsWith(beginning));
  const [one] = found;
  if (one && found.length === 1) return one;
  const right = `${others}a hash of \`mapping list\`, or its first ${MIN_HASH_LENGTH} letters or more, is right`;
  throw new RangeError(
    `mapping: found '${beginning}', ${found.length > 1 ? `${found.length} begin so; ` : ''}${right}`,
  );
}
