import { describe, expect, it } from 'vitest';
import { askForAnswers, type Terminal } from '../../src/cli/connect-questions.js';

/** The questions of `connect`, asked of somebody who has the answers ready. */

const GUID = '8c1f1a6e-2f5d-4a3b-9c1d-0123456789ab';

function answering(...ready: string[]) {
  const asked: string[] = [];
  const said: string[] = [];
  const next = (text: string): string => {
    asked.push(text);
    const answer = ready.shift();
    if (answer === undefined) throw new Error(`nobody expected '${text}'`);
    return answer;
  };
  const terminal: Terminal = {
    ask: async (text) => next(text),
    askSecret: async (text) => next(text),
    say: (text) => said.push(text),
  };
  return { terminal, asked, said };
}

const SALES = ['https://contoso.crm4.dynamics.com', GUID, 'a-secret'];
const right = async (): Promise<boolean> => true;

describe('the questions of connect', () => {
  it('take what is proposed for Enter, and one secret for one app', async () => {
    const { terminal, asked } = answering('contoso.com', ...SALES, '', 'CRONUS DE', '', '', '', '');
    const { answers, settings, questions } = await askForAnswers({}, terminal, right);
    expect(answers).toMatchObject({ businessCentral: { environment: 'Production', clientId: GUID }, prefix: 'dlb' });
    expect(settings).toMatchObject({ DATAVERSE_CLIENT_SECRET: 'a-secret', BC_CLIENT_SECRET: 'a-secret' });
    expect(questions).toBe(10);
    expect(asked).toHaveLength(10);
    expect(asked.join()).not.toContain('a-secret');
  });

  it('ask again at once for what cannot be right, and for what has to be there', async () => {
    const { terminal, asked, said } = answering(
      'no tenant',
      'contoso.com',
      'org.crm4',
      ...SALES,
      '',
      '',
      'CRONUS DE',
      '',
      '',
      '',
      '',
    );
    const { answers, questions } = await askForAnswers({ STARTER_PUBLIC_URL: 'nowhere' }, terminal, right);
    expect(answers).toMatchObject({ tenant: 'contoso.com', dataverse: { url: SALES[0] } });
    expect(answers.publicUrl).toBeUndefined();
    expect(said).toEqual([
      expect.stringMatching(/^publicUrl: expected an address such as .+, got 'nowhere'$/),
      "tenant: expected the Tenant ID, or a domain of the tenant, got 'no tenant'",
      expect.stringMatching(/^dataverse\.url: expected an address such as .+, got 'org\.crm4'$/),
      'expected an answer, got nothing',
    ]);
    // Neither is proposed.
    expect(asked.filter((text) => /no tenant|org\.crm4|nowhere/.test(text))).toEqual([]);
    expect(questions).toBe(13);
  });

  it('try each part before the next is asked', async () => {
    const { terminal, asked } = answering('contoso.com', ...SALES, '', 'CRONUS DE', '', '', '', '');
    const tried: [string, number][] = [];
    await askForAnswers({}, terminal, async (part) => tried.push([part, asked.length]) > 0);
    expect(tried).toEqual([
      ['tenant', 1],
      ['dataverse', 4],
      ['business-central', 8],
      ['rest', 10],
    ]);
  });

  it('ask a part again that is wrong, with what was answered before as the proposal', async () => {
    const { terminal, asked, said } = answering(
      'contoso.com',
      ...SALES,
      '',
      '',
      '',
      '',
      'CRONUS',
      '',
      '',
      '',
      'CRONUS DE',
      '',
      '',
      '',
      '',
    );
    let refusals = 1;
    const { answers, settings } = await askForAnswers({}, terminal, async (part, given) => {
      if (part === 'dataverse') return refusals-- < 1;
      return part !== 'business-central' || given['BC_COMPANY'] === 'CRONUS DE';
    });
    expect(answers.businessCentral.company).toBe('CRONUS DE');
    expect(settings['DATAVERSE_CLIENT_SECRET']).toBe('a-secret');
    expect(asked.filter((text) => text.includes('[https://contoso.crm4.dynamics.com]'))).toHaveLength(1);
    expect(said).toHaveLength(2);
  });

  it('say what cannot be right without asking anybody', async () => {
    const { terminal, said } = answering(
      'contoso.com',
      'contoso',
      GUID,
      'a-secret',
      ...SALES,
      '',
      'CRONUS DE',
      '',
      '',
      '',
      '',
    );
    await askForAnswers({}, terminal, right);
    expect(said[0]).toContain(
      "dataverse.url: expected an address such as https://contoso.crm4.dynamics.com, got 'contoso'",
    );
  });

  it('propose what the settings say already', async () => {
    const { terminal, asked } = answering('', '', '', '', '', '', '', '', '', '');
    const known = {
      ENTRA_TENANT_ID: 'contoso.com',
      DATAVERSE_URL: SALES[0],
      DATAVERSE_CLIENT_ID: GUID,
      BC_COMPANY: 'CRONUS DE',
      STARTER_PUBLIC_URL: 'https://bridge.contoso.com',
    };
    const { answers } = await askForAnswers(known, terminal, right);
    expect(answers.publicUrl).toBe('https://bridge.contoso.com');
    expect(asked[0]).toContain('[contoso.com]');
  });
});
