/** What the contract suites leave behind: one line for each exchange, and how each case ended. */

export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** A case as one of the two went through it. */
export interface Run {
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** The first line of what failed. */
  readonly failure?: string | undefined;
  readonly exchanges: readonly Exchange[];
}

/** The case without the name of who was asked: `Dataverse > rows > …`. */
export type Runs = ReadonlyMap<string, Run>;

export interface Recording {
  readonly simulator: Runs;
  readonly tenant: Runs;
  /** Rows of the tenant that could not be deleted again. */
  readonly left: readonly { readonly url: string; readonly status: number }[];
}

type Line =
  | ({ readonly kind: 'exchange'; readonly test: string } & Exchange)
  | { readonly kind: 'left'; readonly url: string; readonly status: number };

interface Outcome {
  readonly ancestorTitles: readonly string[];
  readonly title: string;
  readonly status: string;
  readonly failureMessages?: readonly string[];
}

/** Vitest's JSON reporter, as far as it is needed. */
export interface Outcomes {
  readonly testResults: readonly { readonly assertionResults: readonly Outcome[] }[];
}

const SIDES = { simulator: 'the simulator', tenant: 'a real tenant' } as const;

export function readRecording(lines: string, outcomes: Outcomes): Recording {
  const records = lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
  const cases = outcomes.testResults.flatMap(({ assertionResults }) => assertionResults);
  return {
    simulator: toRuns('simulator', records, cases),
    tenant: toRuns('tenant', records, cases),
    left: records.flatMap((line) => (line.kind === 'left' ? [{ url: line.url, status: line.status }] : [])),
  };
}

function toRuns(side: keyof typeof SIDES, records: readonly Line[], cases: readonly Outcome[]): Runs {
  const runs = new Map<string, Run>();
  for (const { ancestorTitles, title, status, failureMessages } of cases) {
    const [system = '', ...rest] = ancestorTitles;
    if (!system.endsWith(`: ${SIDES[side]}`)) continue;
    const test = [...ancestorTitles, title].join(' > ');
    const exchanges = records.filter((line) => line.kind === 'exchange' && line.test === test) as Exchange[];
    const name = [system.slice(0, system.indexOf(':')), ...rest, title].join(' > ');
    const outcome = status === 'passed' || status === 'failed' ? status : 'skipped';
    runs.set(name, {
      outcome,
      exchanges,
      ...(outcome === 'failed' && { failure: failureMessages?.[0]?.split('\n')[0] }),
    });
  }
  return runs;
}
