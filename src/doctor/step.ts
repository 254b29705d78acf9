import type { Finding, StepReport } from './finding.js';
import { toFinding } from './refusals.js';

/** A part of the examination. What others need of it is its value; without one they are not checked. */
export interface Step<T = unknown> {
  readonly title: string;
  report(): Promise<StepReport>;
  /** Undefined when the step found no value. */
  value(): Promise<T | undefined>;
}

export interface Checked<T> {
  readonly findings: readonly Finding[];
  readonly value?: T | undefined;
}

/** The steps whose values a step needs, by the name it calls them. */
type Needs = Readonly<Record<string, Step>>;
type Values<N extends Needs> = { readonly [Name in keyof N]: N[Name] extends Step<infer T> ? T : never };

/** A step starts as soon as those that it needs have ended, whatever becomes of the others; it is done once. */
export function createStep<T, N extends Needs>(
  title: string,
  needs: N,
  check: (values: Values<N>) => Promise<Checked<T>>,
): Step<T> {
  let done: Promise<Checked<T>> | undefined;
  const run = async (): Promise<Checked<T>> => {
    const values: Record<string, unknown> = {};
    const missing: string[] = [];
    await Promise.all(
      Object.entries(needs).map(async ([name, step]) => {
        values[name] = await step.value();
        if (values[name] === undefined) missing.push(step.title);
      }),
    );
    if (missing.length > 0) {
      const found = `because of what is said of ${namesOf(missing).join(', ')}`;
      return { findings: [{ check: title, result: 'not checked', found }] };
    }
    try {
      return await check(values as Values<N>);
    } catch (error) {
      return { findings: [toFinding(title, error)] };
    }
  };
  const once = (): Promise<Checked<T>> => {
    done ??= run();
    return done;
  };
  return {
    title,
    report: async () => ({ step: title, findings: (await once()).findings }),
    value: async () => (await once()).value,
  };
}

/** A step that nobody is told of is called as those that it needs. */
export const toSilentTitle = (needs: Needs): string =>
  namesOf(Object.values(needs).map(({ title }) => title)).join(', ');

function namesOf(titles: readonly string[]): string[] {
  return [...new Set(titles.flatMap((title) => title.split(', ')))].sort();
}
