import { describe, expect, it } from 'vitest';
import { readHint } from '../../src/http/webhooks/remote-execution-context.js';

/** Which record each message of Dataverse speaks of (reference/dataverse-sales 3.8 and 5.6). */

const ID = '5b1c7d52-0000-4000-8000-00000000abcd';
const OTHER = '5b1c7d52-0000-4000-8000-00000000abce';
const ZERO = '00000000-0000-0000-0000-000000000000';
const pair = (key: string, value: unknown) => ({ key, value });
const referenceTo = (id: string) => ({ Id: id, KeyAttributes: [], LogicalName: 'salesorder', Name: null });
const row = (id: string, attributes: object[] = []) => ({ Id: id, Attributes: attributes, LogicalName: 'x' });
const close = (parameter: string, lookup: string) => pair(parameter, row(ZERO, [pair(lookup, referenceTo(ID))]));

interface Message {
  readonly message: string;
  readonly table: string;
  readonly primaryId?: string;
  readonly inputs?: object[] | null;
  readonly outputs?: object[] | null;
}

const read = ({ message, table, primaryId = ZERO, inputs = [], outputs = [] }: Message, wasCut = false) =>
  readHint(
    {
      MessageName: message,
      PrimaryEntityName: table,
      PrimaryEntityId: primaryId,
      InitiatingUserId: OTHER.toUpperCase(),
      InputParameters: inputs,
      OutputParameters: outputs,
    },
    wasCut,
  );

describe('the record that a message speaks of', () => {
  const moniker = [pair('EntityMoniker', referenceTo(ID)), pair('State', { Value: 1 })];
  const cases: readonly (readonly [string, Message])[] = [
    ['Create names it in its answer', { message: 'Create', table: 'salesorder', outputs: [pair('id', ID)] }],
    ['Create names it as primary id', { message: 'Create', table: 'salesorder', primaryId: ID.toUpperCase() }],
    ['Update', { message: 'Update', table: 'quote', primaryId: ID, inputs: [pair('Target', row(ID))] }],
    ['Assign by its target alone', { message: 'Assign', table: 'quote', inputs: [pair('Target', referenceTo(ID))] }],
    ['SetState', { message: 'SetState', table: 'salesorder', inputs: moniker }],
    ['SetStateDynamicEntity', { message: 'SetStateDynamicEntity', table: 'salesorder', inputs: moniker }],
    [
      'Win of an opportunity, whatever the primary id',
      { message: 'Win', table: 'opportunity', primaryId: OTHER, inputs: [close('OpportunityClose', 'opportunityid')] },
    ],
    ['Win of a quote', { message: 'Win', table: 'quote', inputs: [close('QuoteClose', 'quoteid')] }],
    [
      'ConvertSalesOrderToInvoice',
      { message: 'ConvertSalesOrderToInvoice', table: 'salesorder', inputs: [pair('SalesOrderId', ID)] },
    ],
    [
      'GenerateQuoteFromOpportunity',
      { message: 'GenerateQuoteFromOpportunity', table: 'opportunity', inputs: [pair('OpportunityId', ID)] },
    ],
    ['a body that was cut', { message: 'Update', table: 'salesorder', primaryId: ID, inputs: null, outputs: null }],
  ];
  for (const [what, message] of cases) {
    it(what, () => {
      expect(read(message)).toEqual({
        kind: 'records',
        refs: [{ table: message.table, recordId: ID }],
        message: message.message,
        table: message.table,
        initiatingUserId: OTHER,
        isEnding: false,
      });
    });
  }

  it('of a table that makes no deals is told by the table, not refused', () => {
    const read = readHint({ MessageName: 'Update', PrimaryEntityName: 'lead', PrimaryEntityId: ID });
    expect(read).toEqual({ kind: 'unknown-table', table: 'lead', message: 'Update' });
  });

  const endings: readonly (readonly [string, Message])[] = [
    ['Delete', { message: 'Delete', table: 'salesorder', primaryId: ID, inputs: [pair('Target', referenceTo(ID))] }],
    ['Lose', { message: 'Lose', table: 'opportunity', inputs: [close('OpportunityClose', 'opportunityid')] }],
    ['Close', { message: 'Close', table: 'quote', inputs: [close('QuoteClose', 'quoteid')] }],
    ['Cancel', { message: 'Cancel', table: 'salesorder', inputs: [close('OrderClose', 'salesorderid')] }],
  ];
  for (const [what, message] of endings) {
    it(`${what} ends it`, () => {
      expect(read(message)).toMatchObject({ refs: [{ recordId: ID }], isEnding: true });
    });
  }

  it('CreateMultiple and UpdateMultiple speak of several, each once', () => {
    const collection = { EntityName: 'salesorder', Entities: [row(ID), row(OTHER), row(ID)], MoreRecords: false };
    expect(
      read({ message: 'UpdateMultiple', table: 'salesorder', inputs: [pair('Targets', collection)] }),
    ).toMatchObject({
      refs: [{ recordId: ID }, { recordId: OTHER }],
    });
    const created = { Entities: [row(ZERO), row(ZERO)] };
    expect(
      read({
        message: 'CreateMultiple',
        table: 'salesorder',
        inputs: [pair('Targets', created)],
        outputs: [pair('Ids', [ID, OTHER])],
      }),
    ).toMatchObject({ refs: [{ recordId: ID }, { recordId: OTHER }] });
  });
});

describe('what is odd in a message', () => {
  const odd: readonly unknown[] = [null, 7, {}, { Id: null }, { Id: 'x' }];

  it('takes nothing from the other records that it speaks of', () => {
    for (const list of [{ Entities: [...odd, row(ID)] }, [...odd, referenceTo(ID)]])
      expect(read({ message: 'UpdateMultiple', table: 'quote', inputs: [pair('Targets', list)] })).toMatchObject({
        refs: [{ table: 'quote', recordId: ID }],
      });
    const ids = [pair('Ids', [null, 7, 'x', ID])];
    const inputs = [pair('Targets', [])];
    expect(read({ message: 'CreateMultiple', table: 'quote', inputs, outputs: ids })).toMatchObject({
      refs: [{ table: 'quote', recordId: ID }],
    });
  });

  it('takes nothing from what else it says', () => {
    const inputs = [null, { key: 7 }, pair('Target', row(ID))];
    for (const PrimaryEntityId of [null, undefined, 7]) {
      const body = { MessageName: 'Update', PrimaryEntityName: 'quote', PrimaryEntityId, InitiatingUserId: 7 };
      expect(readHint({ ...body, InputParameters: inputs, OutputParameters: 'x' })).toMatchObject({
        kind: 'records',
        refs: [{ recordId: ID }],
        initiatingUserId: undefined,
      });
    }
  });

  it('is told when it is the id of the only one', () => {
    expect(read({ message: 'Update', table: 'quote', primaryId: 'x' })).toEqual({
      kind: 'bad',
      problem: "record id: expected a GUID like 5f3c… in 8-4-4-4-12 form, got 'x'",
    });
  });
});

describe('a message that names no record', () => {
  it('of an account, contact or product only says "look"', () => {
    for (const table of ['account', 'contact', 'product'])
      expect(read({ message: 'Update', table, primaryId: ID })).toMatchObject({ kind: 'nudge', table });
  });

  it('is "look" when its body was cut, and refused when it was not', () => {
    const win: Message = { message: 'Win', table: 'quote', inputs: null, outputs: null };
    expect(read(win, true)).toMatchObject({ kind: 'nudge', table: 'quote' });
    expect(read(win)).toEqual({ kind: 'bad', problem: 'no record id in a Win of quote' });
  });

  it('does not fall back to the primary id when the close activity names none', () => {
    const inputs = [pair('OpportunityClose', row(ZERO, []))];
    expect(read({ message: 'Win', table: 'opportunity', primaryId: OTHER, inputs })).toMatchObject({ kind: 'bad' });
  });
});
