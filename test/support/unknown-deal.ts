import { randomUUID } from 'node:crypto';
import type { Simulators } from '@dealbridge/simulators';
import type { createSeller } from './sales.js';

/** A sales order of which Business Central knows nothing: customer, contact, two items and their unit are all new. */
export async function sellUnknown(simulators: Simulators, seller: ReturnType<typeof createSeller>) {
  const [orderId, accountId, contactId, unitId] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
  const mark = orderId.slice(0, 8).toUpperCase();
  const accountNumber = `N${mark}`;
  const { store } = simulators.dataverse;
  const [euro] = [...store.all('transactioncurrency')].filter((row) => row['isocurrencycode'] === 'EUR');
  const [schedule] = [...store.all('uomschedule')];
  const [user] = [...store.all('systemuser')].filter((row) => row['internalemailaddress'] === 'sales@example.com');
  const bind = (set: string, id: unknown) => `/${set}(${String(id)})`;
  await seller.call('uoms', {
    uomid: unitId,
    name: `Cr${mark}`,
    quantity: 1,
    'uomscheduleid@odata.bind': bind('uomschedules', schedule?.['uomscheduleid']),
  });
  const products: { id: string; number: string }[] = [];
  for (const which of ['A', 'B']) {
    const product = { id: randomUUID(), number: `NEW-${mark}-${which}` };
    await seller.call('products', {
      productid: product.id,
      productnumber: product.number,
      name: `Machine ${which}`,
      producttypecode: 1,
      quantitydecimal: 5,
      price: 150,
      standardcost: 100,
      'defaultuomid@odata.bind': bind('uoms', unitId),
      'defaultuomscheduleid@odata.bind': bind('uomschedules', schedule?.['uomscheduleid']),
    });
    products.push(product);
  }
  await seller.call('accounts', {
    accountid: accountId,
    accountnumber: accountNumber,
    name: `Very long name ${'of a company '.repeat(8)}`.trim(),
    address1_line1: 'Hafenstraße 1',
    address1_city: 'Bremen',
    address1_country: 'Deutschland',
    emailaddress1: 'office@example.com',
    telephone1: '+49 421 1',
    paymenttermscode: 3,
  });
  await seller.call('contacts', {
    contactid: contactId,
    firstname: 'Cleo',
    lastname: 'Muster',
    jobtitle: 'Head of purchasing for all of the northern plants',
    'parentcustomerid_account@odata.bind': bind('accounts', accountId),
  });
  await seller.call(`accounts(${accountId})`, { 'primarycontactid@odata.bind': bind('contacts', contactId) }, 'PATCH');
  await seller.call('salesorders', {
    salesorderid: orderId,
    name: 'Two machines',
    freighttermscode: 2,
    freightamount: 20,
    discountamount: 10,
    requestdeliveryby: '2026-12-01T23:00:00Z',
    shipto_name: 'Nordlager',
    shipto_line1: 'Kai 4',
    shipto_city: 'Bremen',
    shipto_country: 'Germany',
    bc_correlationid: '+49 421 999',
    'customerid_account@odata.bind': bind('accounts', accountId),
    'transactioncurrencyid@odata.bind': bind('transactioncurrencies', euro?.['transactioncurrencyid']),
    'ownerid@odata.bind': bind('systemusers', user?.['systemuserid']),
    order_details: [
      ...products.map(({ id }, index) => ({
        'productid@odata.bind': bind('products', id),
        'uomid@odata.bind': bind('uoms', unitId),
        quantity: 2.12345,
        priceperunit: 150.1234,
        ispriceoverridden: true,
        manualdiscountamount: index === 0 ? 5.5 : 0,
        sequencenumber: index + 1,
        bc_lineno: 77,
        description: index === 0 ? 'Painted blue\nwith a hook' : null,
        requestdeliveryby: '2026-12-01T23:00:00Z',
      })),
      {
        isproductoverridden: true,
        productdescription: 'Assembly on site',
        quantity: 1,
        priceperunit: 80,
        sequencenumber: 3,
      },
    ],
  });
  return {
    orderId,
    accountNumber,
    contactNumber: `S${contactId.replaceAll('-', '').toUpperCase().slice(0, 19)}`,
    products: products.map(({ number }) => number),
    unitCode: `CR${mark}`,
  };
}
