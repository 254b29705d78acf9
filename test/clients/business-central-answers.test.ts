import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findProblem } from '../../src/activities/remote/failures.js';
import { REPEATABLE } from '../../src/clients/http/write-context.js';
import { documentKey } from '../../src/deal/document-number.js';
import { type Counter, openCounter } from '../support/business-central.js';

/** Whether `$expand` counts with a PATCH of Business Central no source says: answers may be the bare header. */

let counter: Counter;
beforeAll(async () => {
  counter = await openCounter();
});
afterEach(() => {
  counter.simulators.businessCentral.switches.expandsPatch = true;
});
afterAll(() => counter?.close());

describe.each(['Invoice', 'Order', 'Quote'] as const)('the answer to a change of a document, the %s', (kind) => {
  it('has the lines also where Business Central shows the header alone', async () => {
    counter.simulators.businessCentral.switches.expandsPatch = false;
    const { client, customerId } = counter;
    const line = { sequence: 10_000, kind: 'item' as const, number: 'EQ-1001', unitCode: undefined };
    const draft = {
      externalDocumentNumber: documentKey(randomUUID()),
      customerId,
      currency: { code: 'EUR', decimals: 2 },
      lines: [{ ...line, quantity: '4', unitPrice: '10.50', discount: '0', description: undefined }],
      headerDiscount: undefined,
    };
    const made = await client[`create${kind}`](draft, REPEATABLE);
    expect(made.lines).toMatchObject([{ number: 'EQ-1001', quantity: '4' }]);
    const changed = await client[`set${kind}Discount`](made.id, made.etag, '2', REPEATABLE);
    expect(changed).toMatchObject({
      discount: '2',
      excludingTax: '40',
      lines: made.lines.map(({ number }) => ({ number })),
    });
    expect(changed.requestId).not.toBe('');
  });
});

it('what is refused twice is refused in the same words, without the id of each request', async () => {
  const { client, customerId, simulators } = counter;
  const { setup } = simulators.businessCentral.company;
  const draft = await client.createInvoice(
    {
      externalDocumentNumber: documentKey(randomUUID()),
      customerId,
      currency: { code: 'EUR', decimals: 2 },
      lines: [
        {
          sequence: 10_000,
          kind: 'item',
          number: 'EQ-1001',
          unitCode: undefined,
          quantity: '1',
          unitPrice: '1',
          discount: '0',
          description: undefined,
        },
      ],
      headerDiscount: undefined,
    },
    REPEATABLE,
  );
  setup.allowPostingTo = '2020-01-31';
  try {
    for (let time = 0; time < 2; time += 1) {
      const refused: unknown = await client.postInvoice(draft.id, draft.etag, REPEATABLE).catch((error) => error);
      expect(findProblem(refused)).toEqual({
        reason: 'period-closed',
        text: 'Posting Date is not within your range of allowed posting dates.',
      });
    }
  } finally {
    setup.allowPostingTo = '0001-01-01';
  }
});

it('codes that fill more than a page of Business Central are read to their end', async () => {
  const { limits } = counter.simulators.businessCentral;
  const whole = await counter.client.readCodes('countriesRegions');
  expect(whole.length).toBeGreaterThan(2);
  const { pageSize } = limits.settings;
  limits.settings.pageSize = 2;
  try {
    expect(await counter.client.readCodes('countriesRegions')).toEqual(whole);
  } finally {
    limits.settings.pageSize = pageSize;
  }
});
