import { type Command, Option } from 'commander';
import { UserError } from '../deal/errors.js';
import { FLOW_NOTES, FLOW_SKIPS, FLOWS, type FlowName, type FlowNote, isFlowName } from '../deal/flows.js';
import { createFlowCommands } from '../dispatch/flow-commands.js';
import { FLOW_SWITCHES, listFlows, retryFlow, type ShownFlows, switchFlow } from '../operations/feeds/flows.js';
import type { Runtime } from '../process/runtime.js';
import { BY_OPTION, currentPerson, toPerson, withLedger, withRuntime } from './context.js';
import { printJson, printTable, toAge } from './print.js';

/** `dealbridge flows …`: what flows back beside the invoices, its switches, and what is to be tried again. */

const DESCRIPTIONS = {
  pause: 'let a flow read and carry nothing until it is resumed; survives restarts',
  resume: 'let a paused flow go on where it stood',
  run: 'let a flow read and carry now',
} as const;

export function addFlowCommands(program: Command): void {
  const flows = program.command('flows').description('show what flows back beside the invoices, and switch it');

  flows
    .command('list')
    .description('show what flows back beside the invoices, what was not carried, and whose turn it is')
    .option('--json', 'print JSON')
    .action(({ json }: { json?: boolean }) =>
      withLedger(async ({ database }) => {
        const shown = await listFlows({ database }, currentPerson(), {});
        if (json) printJson(shown);
        else printFlows(shown, new Date());
      }),
    );

  for (const command of FLOW_SWITCHES) {
    flows
      .command(command)
      .description(DESCRIPTIONS[command])
      .argument('<flow>', FLOWS.join(', '))
      .option(...BY_OPTION)
      .action((flow: string, options: { by: string }) =>
        withRuntime(async (runtime) => {
          const person = toPerson(options);
          printFlows({ flows: await switchFlow(toDependencies(runtime), person, { command, flow: parseFlow(flow) }) });
        }),
      );
  }

  flows
    .command('retry')
    .description('try again what was not carried: all of a flow, or one by its id of the list')
    .argument('<flow>', FLOWS.join(', '))
    .argument('[id]', 'of one')
    .addOption(new Option('--reason <reason>', 'only what was not carried for this').choices(Object.keys(FLOW_NOTES)))
    .option(...BY_OPTION)
    .action((flow: string, id: string | undefined, options: { by: string; reason?: FlowNote }) =>
      withRuntime(async (runtime) => {
        const { reason } = options;
        const choice = { flow: parseFlow(flow), ...(id !== undefined && { sourceId: id }), ...(reason && { reason }) };
        const { retried, left } = await retryFlow(toDependencies(runtime), toPerson(options), choice);
        console.log(`${retried} tried again`);
        if (left > 0)
          console.log(
            left === 1 ? ONE_STAYS : `${left} stay: nothing in Sales takes them until they change in Business Central`,
          );
      }),
    );
}

const ONE_STAYS = '1 stays: nothing in Sales takes it until it changes in Business Central';

function toDependencies({ database, temporal }: Runtime) {
  return { database, loops: createFlowCommands(temporal) };
}

/** @throws UserError */
function parseFlow(text: string): FlowName {
  if (!isFlowName(text)) throw new UserError('flow', `one of ${FLOWS.join(', ')}`, text);
  return text;
}

function printFlows(
  { flows, noted = [], skipped = [] }: Pick<ShownFlows, 'flows'> & Partial<ShownFlows>,
  now = new Date(),
): void {
  if (flows.length === 0) {
    console.log('No flow has run yet: the rules name none, or the worker was not started with them.');
    return;
  }
  printTable([
    ['flow', 'read', 'carried', 'pending', 'not carried', 'skipped', 'paused', 'error'],
    ...flows.map(({ flow, readAt, error, pausedAt, pausedBy, ...count }) => [
      ...[flow, readAt ? `${toAge(readAt, now)} ago` : 'not yet', String(count.carried), String(count.pending)],
      ...[String(count.noted), String(count.skipped)],
      ...[pausedAt ? `by ${pausedBy} for ${toAge(pausedAt, now)}` : '-', error ?? '-'],
    ]),
  ]);
  for (const { flow, reason, count } of skipped) console.log(`${flow}: ${count} skipped, ${FLOW_SKIPS[reason]}`);
  if (noted.length === 0) return;
  console.log('');
  printTable([
    ['not carried', 'what', 'for', 'whose turn', 'next step', 'id'],
    ...noted.map(({ flow, sourceId, reason, remark, since }) => [
      ...[flow, remark ?? reason, toAge(since, now), FLOW_NOTES[reason].owner, FLOW_NOTES[reason].nextStep, sourceId],
    ]),
  ]);
  console.log('\nTheir cause is looked for again each day; `dealbridge flows retry FLOW [ID]` tries at once.');
}
