import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { BusinessCentralRequests } from './requests.js';

const ZERO = '00000000-0000-0000-0000-000000000000';

/** URLs, errors, master data, concurrency; the numbers are sections of reference/business-central. */
export function testMasterData({ ask, at, key, code, createCustomer, tenant }: BusinessCentralRequests): void {
  describe('URLs, companies, errors', () => {
    it('1.1: companies are listed, with context and without a page link', async () => {
      const { status, body } = await ask('GET', 'companies');
      expect(status).toBe(200);
      expect(body['@odata.context']).toContain('$metadata#companies');
      expect(body.value.map((row: { id: string }) => row.id)).toContain(tenant().companyId);
    });

    it('1.1: an entity set is also reached with ?company=', async () => {
      const { status, body } = await ask('GET', `customers?company=${tenant().companyId}&$top=1`);
      expect(status).toBe(200);
      expect(body.value).toHaveLength(1);
    });

    it('1.1: $metadata is EDMX and knows the entities', async () => {
      const { status, body } = await ask('GET', '$metadata');
      expect(status).toBe(200);
      expect(body).toContain('<edmx:Edmx');
      expect(body).toContain('EntityType Name="salesInvoice"');
    });

    it('1.3: a missing token is 401 with the error envelope', async () => {
      const response = await fetch(`${tenant().root}/companies`);
      expect(response.status).toBe(401);
      // RFC 9110, 11.6.1: a 401 names a scheme.
      expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
      const body = (await response.json()) as { error: { code: string; message: string } };
      expect(body.error.code).toBe('Authentication_InvalidCredentials');
      expect(body.error.message).toMatch(/ {2}CorrelationId: {2}[0-9a-f-]{36}\.$/);
    });

    it('1.3: an unknown company is Internal_CompanyNotFound', async () => {
      const { status, body } = await ask('GET', `companies(${randomUUID()})/customers`);
      expect([404, 400]).toContain(status);
      expect(code(body)).toBe('Internal_CompanyNotFound');
    });

    it('10.2: an unknown set is BadRequest_ResourceNotFound', async () => {
      const { status, body } = await ask('GET', at('unicorns'));
      expect(status).toBe(404);
      expect(code(body)).toBe('BadRequest_ResourceNotFound');
    });

    it('10.2: an unknown id is 404, a malformed one too', async () => {
      expect((await ask('GET', at(`customers(${randomUUID()})`))).status).toBe(404);
      expect((await ask('GET', at('customers(abc)'))).status).toBe(404);
    });

    it('2.1: companies take no POST', async () => {
      const { status, body } = await ask('POST', 'companies', { name: 'X' });
      expect(status).toBe(405);
      expect(code(body)).toBe('BadRequest_MethodNotAllowed');
    });
  });

  describe('master data', () => {
    // dynamics_companyinformation_get.md, dynamics_generalledgersetup_get.md; APIV2CompanyInformation.Page.al, APIV2GLSetup.Page.al
    it('company information has a fax number and a picture, the ledger setup its consolidation switch', async () => {
      const { body: information } = await ask('GET', at('companyInformation'));
      const [company] = information.value;
      expect(company.faxNumber).toBeTypeOf('string');
      expect(company['picture@odata.mediaReadLink']).toContain(`companyInformation(${company.id})/picture`);
      const { body: setup } = await ask('GET', at('generalLedgerSetup'));
      expect(setup.value[0].allowQueryFromConsolidation).toBeTypeOf('boolean');
      const { body: changed } = await ask(
        'PATCH',
        at(`companyInformation(${company.id})`),
        { faxNumber: '+49 40 1234' },
        { 'if-match': '*' },
      );
      expect(changed.faxNumber).toBe('+49 40 1234');
    });

    it('2.0: absent values are never null, codes come back in upper case', async () => {
      const number = `t${key().slice(0, 10).toLowerCase()}`;
      const customer = await createCustomer({ number, displayName: 'Mixed Case' });
      expect(customer).toMatchObject({
        number: number.toUpperCase(),
        displayName: 'Mixed Case',
        blocked: '_x0020_',
        addressLine2: '',
        shipmentMethodId: ZERO,
        creditLimit: 0,
      });
      expect(customer['@odata.etag']).toMatch(/^W\/"/);
    });

    it('2.2: a display name is required and may not be blank', async () => {
      const missing = await ask('POST', at('customers'), {});
      expect(missing.status).toBe(400);
      expect(missing.body.error.message).toContain('A "displayName" must be provided.');
      const blank = await ask('POST', at('customers'), { displayName: '' });
      expect(blank.body.error.message).toContain('The blank "displayName" is not allowed.');
    });

    // Customer.Table.al and Contact.Table.al of microsoft/BCApps: Text[20], behind a variable of 50 on the page
    it.each(['customers', 'contacts'])('2.2: a tax number of %s has 20 characters, and capitals', async (set) => {
      const name = { displayName: key(), type: 'Company' };
      const long = await ask('POST', at(set), { ...name, taxRegistrationNumber: '1'.repeat(21) });
      expect(code(long.body)).toBe('Application_StringExceededLength');
      const { body } = await ask('POST', at(set), { ...name, taxRegistrationNumber: 'xx 12a' });
      expect(body.taxRegistrationNumber).toBe('XX 12A');
    });

    it('2.0: too long, unknown, of a wrong type, no option: each its own refusal', async () => {
      const long = await ask('POST', at('customers'), { displayName: 'x'.repeat(101) });
      expect(code(long.body)).toBe('Application_StringExceededLength');
      expect(long.body.error.message).toContain(
        'The length of the string is 101, but it must be less than or equal to 100 characters.',
      );
      const unknown = await ask('POST', at('customers'), { displayName: 'x', nickname: 'y' });
      expect(code(unknown.body)).toBe('BadRequest');
      expect(unknown.body.error.message).toContain("'nickname' does not exist on type 'Microsoft.NAV.customer'");
      const wrong = await ask('POST', at('customers'), { displayName: 5 });
      expect(wrong.body.error.message).toContain('Invalid Request Body');
      const option = await ask('POST', at('customers'), { displayName: 'x', type: 'Robot' });
      expect(code(option.body)).toBe('Unknown');
      expect(option.body.error.message).toContain("'Robot' is not an option");
    });

    // A table relation of Contact.Table.al of microsoft/BCApps: "Company No." is a Contact where Type is Company.
    it('2.3: the company of a contact is a contact of a company', async () => {
      const { body: person } = await ask('POST', at('contacts'), { type: 'Person', displayName: key() });
      const { body: firm } = await ask('POST', at('contacts'), { type: 'Company', displayName: key() });
      const given = { type: 'Person', displayName: key() };
      for (const companyNumber of ['NOBODY', person.number]) {
        const made = await ask('POST', at('contacts'), { ...given, companyNumber });
        expect(made.status, companyNumber).toBe(400);
        expect(code(made.body)).toBe('Internal_InvalidTableRelation');
        const changed = await ask('PATCH', at(`contacts(${person.id})`), { companyNumber }, { 'if-match': '*' });
        expect(changed.status, companyNumber).toBe(400);
      }
      const { status, body } = await ask('POST', at('contacts'), { ...given, companyNumber: firm.number });
      expect(status, JSON.stringify(body)).toBe(201);
      expect(body.companyNumber).toBe(firm.number);
    });

    // MinValue and MaxValue of PaymentTerms.Table.al, SalespersonPurchaser.Table.al, Currency.Table.al and Item.Table.al of
    // microsoft/BCApps
    it('2.5: a percentage is one from 0 to 100, a price and a precision not below 0', async () => {
      for (const [set, more] of [
        ['paymentTerms', { discountPercent: 100.5 }],
        ['paymentTerms', { discountPercent: -1 }],
        ['salespeoplePurchasers', { commisionPercent: 101 }],
        ['salespeoplePurchasers', { commisionPercent: -0.5 }],
        ['currencies', { amountRoundingPrecision: -0.01 }],
        ['items', { unitPrice: -1 }],
        ['items', { unitCost: -1 }],
      ] as const) {
        const given = { ...(set !== 'items' && { code: key().slice(0, 10) }), displayName: 'x', ...more };
        const { status, body } = await ask('POST', at(set), given);
        expect(status, `${set} ${JSON.stringify(more)}: ${JSON.stringify(body)}`).toBe(400);
        expect(body.error.message).toContain('The value must be');
      }
      const given = { code: key().slice(0, 10), displayName: 'x', discountPercent: 100 };
      const { status, body } = await ask('POST', at('paymentTerms'), given);
      expect(status, JSON.stringify(body)).toBe(201);
      const path = at(`paymentTerms(${body.id})`);
      expect((await ask('PATCH', path, { discountPercent: 101 }, { 'if-match': '*' })).status).toBe(400);
    });

    it('10.2: a number that exists is Internal_EntityWithSameKeyExists', async () => {
      const { number } = await createCustomer();
      const { status, body } = await ask('POST', at('customers'), { number, displayName: 'Again' });
      expect([400, 409]).toContain(status);
      expect(code(body)).toBe('Internal_EntityWithSameKeyExists');
    });

    it('2.2: the local currency is read back with its code, an unknown one refused', async () => {
      const { body: setup } = await ask('GET', at('generalLedgerSetup'));
      const lcy = setup.value[0].localCurrencyCode;
      expect((await createCustomer({ currencyCode: lcy })).currencyCode).toBe(lcy);
      const { body } = await ask('POST', at('customers'), { displayName: 'x', currencyCode: 'QQQ' });
      expect(body.error.message).toContain('The "currencyCode" does not match to a Currency.');
    });

    it('3.4: an id cannot be chosen', async () => {
      const { status, body } = await ask('POST', at('customers'), { id: randomUUID(), displayName: 'x' });
      expect(status).toBe(400);
      expect(body.error.message).toMatch(/read-only/i);
    });
  });

  it('2.8: a payment journal takes payments below it', async () => {
    const code = key().slice(0, 10);
    const { status, body } = await ask('POST', at('customerPaymentJournals'), { code, displayName: 'Test' });
    expect(status, JSON.stringify(body)).toBe(201);
    const path = at(`customerPaymentJournals(${body.id})/customerPayments`);
    const payment = await ask('POST', path, {
      customerNumber: tenant().customerNumber,
      amount: -12.5,
      postingDate: '2031-01-31',
    });
    expect(payment.status, JSON.stringify(payment.body)).toBe(201);
    expect((await ask('GET', path)).body.value).toMatchObject([{ journalId: body.id, amount: -12.5 }]);
  });

  describe('concurrency', () => {
    it('5: a PATCH without If-Match is refused, a stale one 409, a fresh one answers the whole with a new etag', async () => {
      const customer = await createCustomer();
      const path = at(`customers(${customer.id})`);
      const without = await ask('PATCH', path, { city: 'Bremen' });
      expect(without.status).toBe(400);
      expect(code(without.body)).toBe('BadRequest_InvalidToken');
      const fresh = await ask('PATCH', path, { city: 'Bremen' }, { 'if-match': customer['@odata.etag'] });
      expect(fresh.status).toBe(200);
      expect(fresh.body.city).toBe('Bremen');
      expect(fresh.body['@odata.etag']).not.toBe(customer['@odata.etag']);
      const stale = await ask('PATCH', path, { city: 'Kassel' }, { 'if-match': customer['@odata.etag'] });
      expect(stale.status).toBe(409);
      expect(code(stale.body)).toBe('Request_EntityChanged');
      expect((await ask('PATCH', path, { city: 'Kassel' }, { 'if-match': '*' })).status).toBe(200);
      expect((await ask('DELETE', path, undefined, { 'if-match': '*' })).status).toBe(204);
      expect((await ask('GET', path)).status).toBe(404);
    });
  });
}
