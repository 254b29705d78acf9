import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Seconds on two cores, of the files over a quarter of a minute and of the tests under load; only their order matters. */
const SECONDS: Readonly<Record<string, number>> = {
  'test/load/chaos.e2e.test.ts': 90,
  'test/load/lost-webhooks.e2e.test.ts': 50,
  'test/load/feed-paging.e2e.test.ts': 30,
  // Before the list of deals, whose time is looked at.
  'test/load/fit.e2e.test.ts': 7,
  'test/end-to-end/patient-start.e2e.test.ts': 80,
  'test/end-to-end/exactly-once.e2e.test.ts': 63,
  'test/workflows/long-waits.temporal.test.ts': 50,
  'test/end-to-end/audit.e2e.test.ts': 46,
  'test/desk/pages.db.test.ts': 45,
  'test/end-to-end/matching.e2e.test.ts': 40,
  'test/ledger/audit.db.test.ts': 39,
  'test/end-to-end/lanes.e2e.test.ts': 35,
  'test/end-to-end/doctor.e2e.test.ts': 34,
  'test/end-to-end/commands.e2e.test.ts': 33,
  'test/end-to-end/drift.e2e.test.ts': 33,
  'test/end-to-end/feeds.e2e.test.ts': 33,
  'test/end-to-end/secrets.e2e.test.ts': 33,
  'test/secrets/credentials-cli.test.ts': 33,
  'test/end-to-end/mapping.e2e.test.ts': 32,
  'test/end-to-end/masters.e2e.test.ts': 32,
  'test/end-to-end/replay.e2e.test.ts': 28,
  'test/workflows/feeds.temporal.test.ts': 28,
  'test/end-to-end/lineage.e2e.test.ts': 27,
  'test/end-to-end/replay-mapping.e2e.test.ts': 27,
  'test/end-to-end/webhook.e2e.test.ts': 25,
  'test/end-to-end/upgrade.e2e.test.ts': 24,
  'test/end-to-end/business-central-feeds.e2e.test.ts': 23,
  'test/end-to-end/rotation.e2e.test.ts': 23,
  'test/end-to-end/orders.e2e.test.ts': 22,
  'test/end-to-end/restore.e2e.test.ts': 20,
  'test/end-to-end/followed.e2e.test.ts': 19,
  'test/end-to-end/connect.e2e.test.ts': 18,
  'test/end-to-end/environments.e2e.test.ts': 18,
  'test/end-to-end/observability.e2e.test.ts': 18,
  'test/end-to-end/feed-looks.e2e.test.ts': 15,
  'test/workflows/cannot-succeed.temporal.test.ts': 15,
  'test/end-to-end/companies.e2e.test.ts': 14,
  'test/end-to-end/people.e2e.test.ts': 14,
};

/** The longest files start first, so that all workers have work until the end, also where no run has been recorded. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const seconds = ({ moduleId }: TestSpecification): number => SECONDS[relative(process.cwd(), moduleId)] ?? 0;
    const sorted = await super.sort(files);
    return sorted.sort((left, right) => seconds(right) - seconds(left));
  }
}
