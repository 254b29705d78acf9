import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Browser, type DeskStage, openDeskStage } from '../support/desk.js';

/** The list as a file: all that was found, or nothing. */

let stage: DeskStage;
const browser = new Browser();

beforeAll(async () => {
  stage = await openDeskStage();
  await browser.open(`${stage.origin}/sign-in/link/${stage.link.renew()}`);
});
afterAll(() => stage?.close());

const plant = (deals: number) =>
  stage.database.query(
    `INSERT INTO source_records (record_id, source_table, state, record_number)
     SELECT gen_random_uuid(), 'quote', 'held', 'QUO-' || n FROM generate_series(1, $1::int) n`,
    [deals],
  );
const save = () => browser.open(`${stage.origin}/deals.csv?view=held&sort=number`);

describe('the list as a file', () => {
  it('holds each deal once, over several pages', async () => {
    await plant(1_200);
    const lines = (await (await save()).text()).trimEnd().split('\r\n').slice(1);
    expect(new Set(lines.map((line) => line.split(',')[0])).size).toBe(1_200);
    expect(lines).toHaveLength(1_200);
  });

  it('holds each deal once, also while deals move', async () => {
    const { database } = stage;
    const browsed = browser.open(`${stage.origin}/deals.csv?view=held&sort=age`);
    let isSaved = false;
    const saved = browsed.then((answer) => answer.text()).finally(() => (isSaved = true));
    let moved = 0;
    while (!isSaved) {
      const { rows } = await database.query(
        `UPDATE source_records SET held_since = clock_timestamp() WHERE record_id = (SELECT record_id FROM source_records
         WHERE state = 'held' ORDER BY waiting_since LIMIT 1) RETURNING record_id`,
      );
      moved += rows.length;
    }
    const numbers = (await saved)
      .trimEnd()
      .split('\r\n')
      .slice(1)
      .map((line) => line.split(',')[0]);
    expect(moved).toBeGreaterThan(0);
    expect(numbers).toHaveLength(1_200);
    expect(new Set(numbers).size).toBe(1_200);
  });

  it('says whose move it is, also where nothing holds the deal', async () => {
    await stage.database.query(
      `INSERT INTO source_records (record_id, source_table, state, record_number)
       VALUES (gen_random_uuid(), 'quote', 'awaiting-confirmation', 'QUO-A'), (gen_random_uuid(), 'quote', 'posted', 'QUO-B')`,
    );
    const file = await browser.open(`${stage.origin}/deals.csv?view=all&search=QUO-A`);
    const [titles = '', line = ''] = (await file.text()).trimEnd().split('\r\n');
    const cells = line.split(',');
    const cellOf = (title: string) => cells[titles.split(',').indexOf(title)];
    expect([cellOf('whose move'), cellOf('next step')]).toEqual(['approver', 'Confirm or reject the draft.']);
  });

  it('gives no gross amount while the record in Sales states no tax; list and page say so', async () => {
    const recordId = '99320e58-ee48-40e5-84f5-f96a9492bae1';
    await stage.database.query(
      `INSERT INTO source_records (record_id, source_table, state, record_number)
       VALUES ('${recordId}', 'quote', 'reading', 'QUO-NET')`,
    );
    await stage.database.query(
      `UPDATE deal_summaries SET net = 10465.08, gross = 10465.08, currency = 'EUR' WHERE record_id = '${recordId}'`,
    );
    const textOf = async (path: string) => (await browser.open(`${stage.origin}${path}`)).text();
    const [titles = '', line = ''] = (await textOf('/deals.csv?view=all&search=QUO-NET')).trimEnd().split('\r\n');
    const cellOf = (title: string) => line.split(',')[titles.split(',').indexOf(title)];
    expect([cellOf('net'), cellOf('gross')]).toEqual(['10465.08', '']);
    expect(await textOf('/?view=all&search=QUO-NET')).toContain('tax not stated');
    expect(await textOf(`/deals/${recordId}`)).toContain('<dt>Net</dt>');
    await stage.database.query(`UPDATE source_records SET draft_number = '1001' WHERE record_id = '${recordId}'`);
    expect(await textOf('/?view=all&search=QUO-NET')).not.toContain('tax not stated');
    expect(await textOf(`/deals/${recordId}`)).toContain('<dt>Gross</dt>');
  });

  it('holds no formula, wherever a spreadsheet of some country begins a cell', async () => {
    const typed = ['=1+1', 'a;=1+1', 'b\t@x', 'c;;+1', '\uff1d1+1', '-1+1', 'd; -1', '-12.50'];
    for (const [index, number] of typed.entries())
      await stage.database.query(
        `INSERT INTO source_records (record_id, source_table, state, record_number, draft_number)
         VALUES (gen_random_uuid(), 'quote', 'posted', $1, $2)`,
        [`QUO-CELL-${index}`, number],
      );
    const file = await (await browser.open(`${stage.origin}/deals.csv?view=all&search=QUO-CELL&sort=number`)).text();
    const [titles = '', ...lines] = file.trimEnd().split('\r\n');
    const column = titles.split(',').indexOf('document');
    const shown = ["'=1+1", "a;'=1+1", "b\t'@x", "c;;'+1", "'\uff1d1+1", "'-1+1", 'd; -1', '-12.50'];
    expect(lines.map((line) => line.split(',')[column])).toEqual(shown);
  });

  it('is refused when it would not hold all of them', async () => {
    await plant(8_801);
    const refused = await save();
    expect(refused.status).toBe(409);
    expect(await refused.text()).toContain('10001 deals are found, and a file takes 10000 at most');
  });
});
