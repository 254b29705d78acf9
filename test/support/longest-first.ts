import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Seconds on two cores, of the files over a quarter of a minute and of the tests under load; only their order matters. */
const SECONDS: Readonly<Record<string, number>> = {
  'test/load/chaos.e2e.test.ts': 90,
  'test/load/lost-webhooks.e2e.test.ts': 50,
  'test/load/feed-paging.e2e.test.ts': 30,
  // Before the list of deals, whose time is looked at.
  'test/load/fit.e2e.test.ts': 7,
  'test/end-to-end/exactly-once.e2e.test.ts': 50,
  'test/end-to-end/upgrade.e2e.test.ts': 33,
  'test/end-to-end/secrets.e2e.test.ts': 32,
  'test/end-to-end/feeds.e2e.test.ts': 32,
  'test/end-to-end/matching.e2e.test.ts': 31,
  'test/end-to-end/commands.e2e.test.ts': 30,
  'test/end-to-end/lineage.e2e.test.ts': 29,
  'test/end-to-end/masters.e2e.test.ts': 26,
  'test/end-to-end/audit.e2e.test.ts': 26,
  'test/end-to-end/orders.e2e.test.ts': 26,
  'test/secrets/credentials-cli.test.ts': 26,
  'test/end-to-end/business-central-feeds.e2e.test.ts': 24,
  'test/end-to-end/replay-mapping.e2e.test.ts': 22,
  'test/end-to-end/mapping.e2e.test.ts': 21,
  'test/end-to-end/replay.e2e.test.ts': 20,
  'test/end-to-end/doctor.e2e.test.ts': 20,
  'test/end-to-end/drift.e2e.test.ts': 19,
  'test/ledger/audit.db.test.ts': 18,
  'test/end-to-end/environments.e2e.test.ts': 17,
  'test/end-to-end/rotation.e2e.test.ts': 17,
  'test/end-to-end/followed.e2e.test.ts': 17,
  'test/end-to-end/feed-looks.e2e.test.ts': 16,
  'test/end-to-end/companies.e2e.test.ts': 15,
};

/** The longest files start first, so that both workers have work until the end, also where no run has been recorded. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const seconds = ({ moduleId }: TestSpecification): number => SECONDS[relative(process.cwd(), moduleId)] ?? 0;
    const sorted = await super.sort(files);
    return sorted.sort((left, right) => seconds(right) - seconds(left));
  }
}
