import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Answer } from '../ask.js';
import type { BusinessCentralRequests } from './requests.js';

interface Dimension {
  readonly id: string;
  readonly code: string;
  readonly dimensionValues: readonly { readonly id: string; readonly code: string }[];
}

/**
 * Dimensions of documents and defaults of master data. The sources are APIV2DimensionSetLines.Page.al,
 * APIV2DefaultDimensions.Page.al and DefaultDimension.Table.al of microsoft/BCApps, and their tests.
 */
export function testDimensions({
  ask,
  at,
  code,
  line,
  createInvoice,
  createCustomer,
  tenant,
}: BusinessCentralRequests): void {
  const anyEtag = { 'if-match': '*' };
  let one: Dimension;
  let other: Dimension;
  let value: Dimension['dimensionValues'][number];
  let foreign: Dimension['dimensionValues'][number];

  beforeAll(async () => {
    const { body } = await ask('GET', at('dimensions?$expand=dimensionValues'));
    const found = (body.value as Dimension[]).filter(({ dimensionValues }) => dimensionValues.length > 0);
    [one, other] = found as [Dimension, Dimension];
    [value] = one.dimensionValues as [Dimension['dimensionValues'][number]];
    const codes = one.dimensionValues.map((own) => own.code);
    foreign = other.dimensionValues.find((candidate) => !codes.includes(candidate.code)) as typeof value;
  });

  function expectRefused(answer: Answer, message: string | RegExp): void {
    expect(answer.status, JSON.stringify(answer.body)).toBe(400);
    if (typeof message === 'string') expect(answer.body.error.message).toContain(message);
    else expect(answer.body.error.message).toMatch(message);
  }

  describe('dimensions of a document', () => {
    it('2.7: what is read-only is refused, the stored value tolerated', async () => {
      const { id } = await createInvoice();
      const path = at(`salesInvoices(${id})/dimensionSetLines`);
      const given = { code: one.code, valueCode: value.code };
      for (const more of [
        { parentId: randomUUID() },
        { parentType: 'Customer' },
        { displayName: 'X' },
        { valueDisplayName: 'X' },
        { consolidationCode: 'X' },
        { valueConsolidationCode: 'X' },
      ])
        expect((await ask('POST', path, { ...given, ...more })).status, JSON.stringify(more)).toBe(400);
      const { status, body } = await ask('POST', path, given);
      expect(status, JSON.stringify(body)).toBe(201);
      expectRefused(await ask('PATCH', `${path}(${body.id})`, { displayName: 'X' }, anyEtag), /read-only/);
      expectRefused(await ask('PATCH', `${path}(${body.id})`, { parentId: randomUUID() }, anyEtag), /read-only/);
      const same = await ask('PATCH', `${path}(${body.id})`, { displayName: body.displayName }, anyEtag);
      expect(same.status, JSON.stringify(same.body)).toBe(200);
    });

    it('2.7: id and code, and those of the value, have to mean the same', async () => {
      const { id } = await createInvoice();
      const path = at(`salesInvoices(${id})/dimensionSetLines`);
      expectRefused(
        await ask('POST', path, { id: one.id, code: other.code, valueCode: value.code }),
        'The dimension field values do not match to a specific Dimension.',
      );
      expectRefused(
        await ask('POST', path, { code: one.code, valueId: value.id, valueCode: foreign.code }),
        'do not refer to the same Dimension Value.',
      );
      expectRefused(
        await ask('POST', path, { valueCode: value.code, code: one.code }),
        'The "valueCode" does not match to a Dimension Value.',
      );
      expectRefused(await ask('POST', path, { code: one.code, valueId: foreign.id }), 'Dimension Value');
      const { status } = await ask('POST', path, {
        id: one.id,
        code: one.code,
        valueId: value.id,
        valueCode: value.code,
      });
      expect(status).toBe(201);
    });

    it('2.7: those of a shipment are read-only', async () => {
      const { body: order } = await ask('POST', at('salesOrders'), {
        customerNumber: tenant().customerNumber,
        dimensionSetLines: [{ code: one.code, valueCode: value.code }],
        salesOrderLines: [line()],
      });
      expect((await ask('POST', at(`salesOrders(${order.id})/Microsoft.NAV.shipAndInvoice`))).status).toBe(204);
      const { body } = await ask('GET', at(`salesShipments?$filter=orderNumber eq '${order.number}'`));
      const path = at(`salesShipments(${body.value[0].id})/dimensionSetLines`);
      const words = 'dimension set lines are read only for parent type';
      expectRefused(await ask('POST', path, { code: other.code, valueCode: foreign.code }), words);
      const own = `${path}(${one.id})`;
      expectRefused(await ask('PATCH', own, { valueCode: one.dimensionValues.at(-1)?.code }, anyEtag), words);
      expectRefused(await ask('DELETE', own, undefined, anyEtag), words);
      expect((await ask('GET', path)).body.value).toHaveLength(1);
    });
  });

  describe('default dimensions', () => {
    it('2.6: dimension, value and parent have to exist and belong together', async () => {
      const { id } = await createCustomer();
      const path = at(`customers(${id})/defaultDimensions`);
      const given = { dimensionId: one.id, dimensionValueId: value.id };
      expectRefused(
        await ask('POST', path, { ...given, dimensionId: randomUUID() }),
        'The "dimensionId" does not match to a Dimension.',
      );
      expectRefused(
        await ask('POST', path, { ...given, dimensionValueId: randomUUID() }),
        'The "dimensionValueId" does not match to a Dimension Value.',
      );
      expectRefused(
        await ask('POST', path, { ...given, dimensionValueId: foreign.id }),
        'The "dimensionId" and "dimensionValueId" match to different Dimension records.',
      );
      expectRefused(
        await ask('POST', path, { ...given, postingValidation: 'No Code' }),
        'Dimension Value Code must be',
      );
      expectRefused(
        await ask('POST', at('defaultDimensions'), { ...given, parentType: 'Customer', parentId: randomUUID() }),
        'Parent is not found.',
      );
      expectRefused(
        await ask('POST', at('defaultDimensions'), { ...given, parentType: 'Item', parentId: id }),
        'Parent is not found.',
      );
      expectRefused(await ask('POST', at('defaultDimensions'), given), 'You must get to the parent first');
      const { status, body } = await ask('POST', path, { dimensionValueId: value.id });
      expect(status, JSON.stringify(body)).toBe(201);
      expect(body).toMatchObject({ parentId: id, dimensionCode: one.code, dimensionValueCode: value.code });
      const again = await ask('POST', path, given);
      expect([400, 409]).toContain(again.status);
      expect(code(again.body)).toBe('Internal_EntityWithSameKeyExists');
    });

    // APIV2DefaultDimensionsE2E.Codeunit.al: TestPatchDefaultDimension and TestPatchDefaultDimensionFailsWhenChangingDimensionCode
    it('2.6: a change keeps the dimension, and its value is checked', async () => {
      const { id } = await createCustomer();
      const { body } = await ask('POST', at(`customers(${id})/defaultDimensions`), {
        dimensionId: one.id,
        dimensionValueId: value.id,
      });
      for (const path of [at(`customers(${id})/defaultDimensions(${body.id})`), at(`defaultDimensions(${body.id})`)]) {
        expectRefused(
          await ask('PATCH', path, { dimensionValueId: randomUUID() }, anyEtag),
          'The "dimensionValueId" does not match to a Dimension Value.',
        );
        expectRefused(
          await ask('PATCH', path, { dimensionValueId: foreign.id }, anyEtag),
          'The "dimensionId" and "dimensionValueId" match to different Dimension records.',
        );
        expectRefused(
          await ask('PATCH', path, { dimensionId: randomUUID() }, anyEtag),
          'The "dimensionId" does not match to a Dimension.',
        );
        expectRefused(await ask('PATCH', path, { dimensionId: other.id }, anyEtag), "You can't rename a");
        expectRefused(await ask('PATCH', path, { parentId: randomUUID() }, anyEtag), 'Parent is not found.');
        expectRefused(await ask('PATCH', path, { dimensionCode: other.code }, anyEtag), /read-only/);
        expectRefused(
          await ask('PATCH', path, { postingValidation: 'No Code' }, anyEtag),
          'Dimension Value Code must be',
        );
      }
      const next = one.dimensionValues.at(-1);
      const { body: changed } = await ask(
        'PATCH',
        at(`customers(${id})/defaultDimensions(${body.id})`),
        { dimensionValueId: next?.id, postingValidation: 'Same Code' },
        anyEtag,
      );
      expect(changed).toMatchObject({ dimensionValueCode: next?.code, postingValidation: 'Same_x0020_Code' });
    });
  });
}
