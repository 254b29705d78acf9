import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Seconds on two cores, of the files over a quarter of a minute; only their order matters. */
const SECONDS: Readonly<Record<string, number>> = {
  'test/end-to-end/masters.e2e.test.ts': 104,
  'test/end-to-end/replay-mapping.e2e.test.ts': 84,
  'test/end-to-end/audit.e2e.test.ts': 79,
  'test/end-to-end/commands.e2e.test.ts': 73,
  'test/end-to-end/matching.e2e.test.ts': 55,
  'test/end-to-end/rotation.e2e.test.ts': 49,
  'test/end-to-end/upgrade.e2e.test.ts': 46,
  'test/end-to-end/replay.e2e.test.ts': 40,
  'test/end-to-end/drift.e2e.test.ts': 39,
  'test/end-to-end/doctor.e2e.test.ts': 37,
  'test/end-to-end/lineage.e2e.test.ts': 37,
  'test/end-to-end/feeds.e2e.test.ts': 34,
  'test/end-to-end/mapping.e2e.test.ts': 32,
  'test/end-to-end/orders.e2e.test.ts': 28,
  'test/secrets/credentials-cli.test.ts': 27,
  'test/end-to-end/people.e2e.test.ts': 27,
  'test/end-to-end/environments.e2e.test.ts': 27,
  'test/end-to-end/changes.e2e.test.ts': 27,
  'test/ledger/audit.db.test.ts': 21,
  'test/clients/business-central-changes.test.ts': 18,
  'test/end-to-end/hand-over.e2e.test.ts': 18,
  'test/end-to-end/companies.e2e.test.ts': 18,
};

/** The longest files start first, so that both workers have work until the end, also where no run has been recorded. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const seconds = ({ moduleId }: TestSpecification): number => SECONDS[relative(process.cwd(), moduleId)] ?? 0;
    const sorted = await super.sort(files);
    return sorted.sort((left, right) => seconds(right) - seconds(left));
  }
}
