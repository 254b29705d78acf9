import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { describe, expect, inject, it } from 'vitest';
import * as workflows from '../../src/workflows/index.js';
import { HISTORIES, HISTORY_FOLDER } from '../support/histories.js';
import { silenceOnce } from '../support/temporal-runtime.js';

const files = readdirSync(HISTORY_FOLDER).filter((name) => name.endsWith('.json'));
const read = (file: string): string => readFileSync(join(HISTORY_FOLDER, file), 'utf8');

silenceOnce();

/** Recorded by `npm run record-histories`. */
describe('a recorded run goes the same way on the code of today (I9)', () => {
  it('every workflow type has a history', () => {
    expect(Object.keys(HISTORIES).sort()).toEqual(Object.keys(workflows).sort());
  });

  it('every history of the list is there, is of its type, and there is no other', () => {
    const listed = Object.entries(HISTORIES).flatMap(([type, names]) => names.map((name) => `${name}.json: ${type}`));
    const found = files.map((file) => {
      const [started] = historyFromJSON(JSON.parse(read(file))).events ?? [];
      return `${file}: ${started?.workflowExecutionStartedEventAttributes?.workflowType?.name}`;
    });
    expect(found.sort()).toEqual(listed.sort());
  });

  it('no history tells of the machine or the build that recorded it', () => {
    const folders = [process.cwd(), '/node_modules/', 'file://'];
    // `4711@host` is a process, `@temporalio/worker@1.2.3` a build.
    const names = [
      /\b\d+@\w/,
      /@temporalio\/worker@/,
      /"(identity|stackTrace|stack_trace|buildId|binaryChecksum)": ?"[^"]/,
    ];
    const telling = files.filter((file) => {
      const text = read(file);
      const payloads = [...text.matchAll(/"data": "([^"]*)"/g)].map(([, data]) => Buffer.from(data ?? '', 'base64'));
      return [text, ...payloads.map(String)].some(
        (said) => folders.some((folder) => said.includes(folder)) || names.some((name) => name.test(said)),
      );
    });
    expect(telling).toEqual([]);
  });

  for (const file of files) {
    it(file.replace('.json', '').replaceAll('-', ' '), async () => {
      const history = historyFromJSON(JSON.parse(read(file)));
      await Worker.runReplayHistory({ workflowBundle: { codePath: inject('workflowBundle') } }, history);
    });
  }
});
