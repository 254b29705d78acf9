import { type Context, Hono } from 'hono';
import { withoutRetry } from '../../deal/holds.js';
import { isAllowed } from '../../identity/permissions.js';
import { type ListedMaster, listMasters, retryMaster } from '../../operations/masters/masters.js';
import type { DeskEnv } from '../authentication/guard.js';
import type { DeskDependencies } from '../desk-dependencies.js';
import { Form, type Frame, formatOf } from './frame.js';
import { MasterTabs } from './master-tabs.js';
import { NextStep } from './next-step.js';
import { toRecordAddress } from './places.js';
import { OWNER_WORDS, toReasonWords } from './words.js';

/** Accounts, contacts and products that wait for a person: what is wrong, whose move it is, and the button for afterwards. */

/** A page of more is read by nobody; the number says how many there are. */
const SHOWN = 200;

export function createMasterRoutes(dependencies: DeskDependencies, frame: Frame): Hono<DeskEnv> {
  const app = new Hono<DeskEnv>();
  const recording = { ...dependencies, audit: dependencies.ledger.audit };
  app.get('/masters', async (c) => {
    const person = c.get('person');
    const problems = [
      ...(await listMasters(dependencies, person, { of: 'accounts', onlyProblems: true })),
      ...(await listMasters(dependencies, person, { of: 'products', onlyProblems: true })),
    ];
    return frame.show(
      c,
      { title: 'Master data', here: 'masters' },
      <Problems c={c} problems={problems} dependencies={dependencies} />,
    );
  });
  app.post('/masters/:kind/:rowId/retry', async (c) => {
    const { kind, rowId } = c.req.param();
    await retryMaster(recording, c.get('person'), { kind: kind as ListedMaster['kind'], rowId });
    return c.redirect('/masters?checked=1', 303);
  });
  return app;
}

interface Props {
  readonly c: Context<DeskEnv>;
  readonly problems: readonly ListedMaster[];
  readonly dependencies: DeskDependencies;
}

function Problems({ c, problems, dependencies }: Props) {
  return (
    <>
      <h1>Master data</h1>
      <MasterTabs here="problems" />
      {c.req.query('checked') !== undefined && (
        <p class="good" role="status">
          It is being checked again. What is repaired leaves this list by itself, and its deals go on.
        </p>
      )}
      {problems.length === 0 ? (
        <section class="message">
          <h2>No account and no product waits for a person</h2>
          <p>
            What cannot be brought into agreement with Business Central comes here by itself, with the next step.
            Whether both sides still say the same, a comparison tells.
          </p>
          <p>
            <a class="button" href="/masters/drift">
              See the last comparison
            </a>
          </p>
        </section>
      ) : (
        <>
          <p>
            {problems.length === 1 ? '1 row waits' : `${problems.length} rows wait`} for a person. Repair it where the
            next step says; it is noticed by itself, or at once when you have it checked again.
          </p>
          {problems.length > SHOWN && <p class="warning">The first {SHOWN} are shown. Repair these first.</p>}
          <ul class="cards">
            {problems.slice(0, SHOWN).map((master) => (
              <Problem c={c} master={master} dependencies={dependencies} />
            ))}
          </ul>
        </>
      )}
    </>
  );
}

const KIND_WORDS = { account: 'Account', contact: 'Contact', product: 'Product' } as const;

function Problem({
  c,
  master,
  dependencies: { places, now },
}: Omit<Props, 'problems'> & { readonly master: ListedMaster }) {
  const format = formatOf(c);
  const { kind, rowId, number, name, bcNumber, problems, problemSince } = master;
  const called = name ?? number ?? rowId.slice(0, 8);
  return (
    <li>
      <h2>
        <span class="light">{KIND_WORDS[kind]}</span>{' '}
        <a href={toRecordAddress(places.dataverse, { table: kind, recordId: rowId })}>{called}</a>
        {number !== undefined && <span class="light"> {number}</span>}
      </h2>
      <p class="sub">
        {bcNumber === undefined ? 'Nothing stands for it in Business Central' : `${bcNumber} in Business Central`}
        {problemSince && `, waits for ${format.age(problemSince, now())}`}
      </p>
      <ul class="holds">
        {problems.map(({ reason, text, owner, nextStep }) => (
          <li>
            <strong>{toReasonWords(reason)}</strong>
            <span class="found">{text}</span>
            <span class="next">
              <span class="owner">Next step, {OWNER_WORDS[owner]}:</span> <NextStep text={withoutRetry(nextStep)} />
            </span>
          </li>
        ))}
      </ul>
      {isAllowed('retry master data', c.get('person').roles) && (
        <Form c={c} action={`/masters/${kind}/${rowId}/retry`}>
          <button type="submit" aria-label={`Check again: ${called}`}>
            Check again
          </button>
        </Form>
      )}
    </li>
  );
}
