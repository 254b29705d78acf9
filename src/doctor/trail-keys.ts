import { listSigningKeys } from '../ledger/audit/signing-keys.js';
import type { Database } from '../ledger/database.js';
import { listed, ok, wrong } from './finding.js';
import { createStep, type Step } from './step.js';

/** Whether the ring still holds the keys that signed the trail; the nightly proof and an auditor would miss them later. */
export function examineTrailKeys(needs: {
  readonly database: Step;
  readonly db: Step<Database>;
  readonly ids: Step<readonly string[]>;
}): Step<true> {
  return createStep('trail keys', needs, async ({ db, ids }) => {
    const signing = await listSigningKeys(db);
    const missing = signing.filter((id) => !ids.includes(id));
    if (missing.length === 0) {
      const found =
        signing.length === 0 ? 'nothing is signed yet' : `the ring holds the keys of the trail: ${listed(signing)}`;
      return { value: true, findings: [ok('signatures', found)] };
    }
    const found = `of the audit trail, by keys that the ring lacks: ${listed(missing)}`;
    const advice =
      'Put these keys back into the ring, behind the newest one: without them `dealbridge audit verify` fails.';
    return { value: true, findings: [wrong('signatures', found, advice)] };
  });
}
