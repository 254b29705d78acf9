#!/usr/bin/env node
import { CommanderError } from 'commander';
import { RemoteApiError } from '../clients/errors.js';
import { DealbridgeError, UserError } from '../deal/errors.js';
import { takeEnvFiles } from '../process/config.js';
import { describeError } from '../process/log.js';
import { withOptionNames } from './option-names.js';
import { createProgram } from './program.js';

function toUserMessage(error: unknown): string {
  // Who asked sits at the terminal and may read the other side's own words.
  if (error instanceof RemoteApiError) return [error.message, error.facts.remoteMessage].filter(Boolean).join(': ');
  const text = describeError(error);
  return error instanceof UserError ? withOptionNames(text, process.argv.slice(2)) : text;
}

/** 0 done, 1 refused or failed, 2 input that cannot be used. */
function toExitCode(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  // Rules in force are a setting, and refused as an invalid configuration: these are of a file that the command was given.
  if (error instanceof DealbridgeError && error.code === 'invalid-rules') return 2;
  return error instanceof UserError ? 2 : 1;
}

/** Whoever reads our lines may have read enough, as `head` does: what was begun is finished all the same. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

process.stdout.on('error', ignoreClosedPipe);
process.stderr.on('error', ignoreClosedPipe);
try {
  takeEnvFiles();
  const program = await createProgram(process.argv[2]);
  await program.parseAsync();
} catch (error) {
  // Commander has said itself what is wrong with the usage.
  if (!(error instanceof CommanderError)) console.error(toUserMessage(error));
  process.exitCode = toExitCode(error);
}
