import { describe, expect, it } from 'vitest';
import { checkAnswers, countAnswers, parseAnswers, toSettings } from '../../../src/operations/connect/answers.js';

const GUID = '8c1f1a6e-2f5d-4a3b-9c1d-0123456789ab';
const RIGHT = `tenant: contoso.onmicrosoft.com
dataverse: { url: "https://contoso.crm4.dynamics.com/", clientId: ${GUID} }
businessCentral: { company: CRONUS DE, clientId: ${GUID} }
publicUrl: https://bridge.contoso.com
`;

describe('the file of answers', () => {
  it('becomes settings, with what it does not say left to their defaults', () => {
    const answers = parseAnswers(RIGHT, 'answers.yaml');
    expect(answers.prefix).toBe('dlb');
    expect(toSettings(answers)).toEqual({
      ENTRA_TENANT_ID: 'contoso.onmicrosoft.com',
      DATAVERSE_URL: 'https://contoso.crm4.dynamics.com',
      DATAVERSE_CLIENT_ID: GUID,
      BC_ENVIRONMENT: 'Production',
      BC_COMPANY: 'CRONUS DE',
      BC_CLIENT_ID: GUID,
      STARTER_PUBLIC_URL: 'https://bridge.contoso.com',
    });
    expect(countAnswers({ tenant: 'a', dataverse: { url: 'b', clientId: 'c' }, columnTypes: {} })).toBe(3);
  });

  it.each([
    ['tenant', RIGHT.replace('contoso.onmicrosoft.com', '"not a tenant"'), 'tenant: expected the Tenant ID'],
    ['address', RIGHT.replace('https://contoso.crm4', 'contoso.crm4'), 'dataverse.url: expected an address'],
    ['user in it', RIGHT.replace('https://bridge', 'https://me:pw@bridge'), 'publicUrl: expected an address without'],
    ['client id', RIGHT.replace(GUID, 'my-app'), 'dataverse.clientId: expected a GUID'],
    ['company', RIGHT.replace('company: CRONUS DE, ', ''), 'businessCentral.company: expected a text'],
    ['prefix', `${RIGHT}prefix: mscrm1`, 'prefix: expected two to eight lower-case letters'],
    [
      'type',
      `${RIGHT}columnTypes: { salesorder.dlb_site: lookup }`,
      'columnTypes.salesorder.dlb_site: expected one of',
    ],
    ['unknown field', `${RIGHT}tenantId: x`, 'answers: expected no field tenantId'],
    ['no YAML', `${RIGHT}prefix: [`, 'answers.yaml:5: expected YAML'],
    ['nothing', '', 'tenant: expected'],
  ])('with a wrong %s is refused by its field', (_what, yaml, message) => {
    expect(() => parseAnswers(yaml, 'answers.yaml')).toThrow(message);
  });

  it.each(['clientId: hunter2hunter2', 'clientId: hunter2hunter2, secretFile: [hunter2]'])(
    'does not repeat what was pasted where a secret may be: %s',
    (pasted) => {
      const yaml = RIGHT.replace(/clientId: [^,}\n]+/, pasted);
      expect(() => parseAnswers(yaml, 'answers.yaml')).toThrow(/clientId: expected a GUID/);
      expect(() => parseAnswers(yaml, 'answers.yaml')).not.toThrow(/hunter2/);
    },
  );

  it('does not repeat a text in place of fields', () => {
    expect(() => parseAnswers('dataverse: hunter2', 'answers.yaml')).toThrow(/dataverse: expected fields below it/);
    expect(() => parseAnswers('dataverse: hunter2', 'answers.yaml')).not.toThrow(/hunter2/);
  });

  it('holds no secret: it names the file instead, and a value is not repeated', () => {
    const yaml = RIGHT.replace('clientId:', 'secret: hunter2hunter2, clientId:');
    expect(() => parseAnswers(yaml, 'answers.yaml')).toThrow(
      'dataverse.secret: expected no secret: name its file by dataverse.secretFile',
    );
    expect(() => parseAnswers(yaml, 'answers.yaml')).not.toThrow('hunter2');
  });

  it('says every fault at once', () => {
    expect(() => checkAnswers({ tenant: 1, dataverse: {}, businessCentral: {} })).toThrow(
      /tenant: .*; dataverse\.url: .*; dataverse\.clientId: .*; businessCentral\.company: .*; businessCentral\.clientId: /,
    );
  });
});
