import { expect, it } from 'vitest';
import { toFileFinding } from '../../src/doctor/configuration.js';
import { examine } from '../support/doctor.js';

it('what is not checked names each step that it waits for once', async () => {
  const { reports } = await examine({}, /^$/);
  const reasons = reports
    .flatMap(({ findings }) => findings)
    .flatMap(({ found }) => /said of (.*)/.exec(found)?.[1] ?? []);
  expect(reasons).toContain('configuration, keys');
  for (const reason of reasons) {
    const names = reason.split(', ');
    expect(names).toEqual([...new Set(names)]);
  }
});

it('a key file that an orchestrator mounts may be read by its group; one of our own need not', () => {
  expect(toFileFinding({ mode: 0o100440, uid: 0 }, 1000)).toMatchObject({ result: 'ok', found: 'mode 440' });
  expect(toFileFinding({ mode: 0o100640, uid: 1000 }, 1000)).toMatchObject({ result: 'warning' });
  expect(toFileFinding({ mode: 0o100600, uid: 1000 }, 1000)).toMatchObject({ result: 'ok' });
});
