import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { stream } from 'hono/streaming';
import type { Logger } from 'pino';
import { compareRules, type RulesComparison } from '../../operations/settings/compare-rules.js';
import type { DeskEnv } from '../authentication/guard.js';
import type { DeskDependencies } from '../desk-dependencies.js';
import { AWAY_WORDS, type FindAway, problemOf, toProblem } from './problem.js';
import { body, REFUSALS } from './route-parts.js';

/** What a rules file would change, as JSON Lines: a comparison that was cut lacks its last line, `end`. */

interface Failing {
  readonly findAway: FindAway;
  readonly log: Logger;
}

export function addCompareRulesRoute(
  api: OpenAPIHono<DeskEnv>,
  dependencies: DeskDependencies,
  failing: Failing,
): void {
  api.openapi(
    createRoute({
      method: 'post',
      path: '/rules/comparison',
      summary: 'What this rules file would change, and of the last deals which; nothing of it is kept',
      request: body(z.strictObject({ rules: z.string(), deals: z.number().optional() })),
      responses: {
        200: {
          description:
            'Lines by `kind`: `faults` of a file that is not usable, each with field, found and right; else `rules` with its changes, `deal` for each that is different or was not compared, and `end`',
          content: { 'application/x-ndjson': { schema: z.string() } },
        },
        ...REFUSALS,
      },
    }),
    async (c) => {
      const { rules, deals } = c.req.valid('json');
      const input = { text: rules, ...(deals !== undefined && { deals }) };
      const found = await compareRules(dependencies, c.get('person'), input);
      c.header('content-type', 'application/x-ndjson');
      return stream(c, async (out) => {
        for await (const line of toLines(found, failing)) {
          // Whoever has gone waits for nothing: the loop ends, and with it the reading.
          if (out.aborted) return;
          await out.write(`${JSON.stringify(line)}\n`);
        }
      }) as never;
    },
  );
}

async function* toLines(found: RulesComparison, { findAway, log }: Failing): AsyncGenerator<object> {
  if (found.kind === 'faults') {
    yield found;
    return;
  }
  const { changes, deals, total } = found;
  yield { kind: 'rules', changes, deals: total };
  const counted = { same: 0, different: 0, 'not-compared': 0 };
  try {
    for await (const { deal, ...compared } of deals) {
      counted[compared.outcome] += 1;
      const { recordId, table, number, customer } = deal;
      if (compared.outcome !== 'same') yield { kind: 'deal', recordId, table, number, customer, ...compared };
    }
    yield { kind: 'end', ...counted };
  } catch (error) {
    log.error({ err: error }, 'comparing rules failed');
    const away = findAway(error);
    yield { kind: 'problem', ...(away ? toProblem(503, 'not-available', AWAY_WORDS[away]) : problemOf(error)) };
  }
}
