import { expect, inject, it } from 'vitest';
// @ts-expect-error plain script without types, shared with the other commands
import { startTemporal } from '../../scripts/lib/temporal-server.mjs';

it.each(['port', 'uiPort'])(
  'a server that has the %s already does not answer in place of ours, whose settings it would be given',
  async (name) => {
    const port = Number(inject('temporalAddress').split(':')[1]);
    const starting = startTemporal({ binary: process.env['TEMPORAL_CLI_PATH'], [name]: port });
    await expect(starting).rejects.toThrow(`cannot listen on port ${port} (EADDRINUSE)`);
  },
);
