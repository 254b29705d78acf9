import type { DataverseProbe, WebhookStep } from '../clients/dataverse/probe.js';
import { plural } from '../deal/plural.js';
import {
  AFTER_THE_OPERATION,
  DATAVERSE_WEBHOOK,
  WEBHOOK_HEADER,
  WEBHOOK_STEPS,
  type WebhookStepRule,
} from '../deal/webhook-steps.js';
import type { Config } from '../process/config.js';
import { type Finding, listed, notChecked, ok, warning, wrong } from './finding.js';
import type { DataverseAccess } from './sales.js';
import { createStep, type Step } from './step.js';

/** The webhook steps of reference/dataverse-sales 5.2: there, enabled, asynchronous, and pointing at the starter. */

const TOOL = 'Plug-in Registration Tool';

export function examineWebhooks(dataverse: Step<DataverseAccess>, configuration: Step<Config>): Step<true> {
  return createStep(
    'dataverse: webhooks',
    { dataverse, config: configuration },
    async ({ dataverse: { probe }, config }) => {
      const { publicUrl } = config.starter;
      if (publicUrl === undefined) {
        const advice = 'Set STARTER_PUBLIC_URL to the address under which Dataverse reaches the starter.';
        return { findings: [notChecked('endpoint', 'STARTER_PUBLIC_URL is not set', advice)] };
      }
      const url = `${publicUrl}${DATAVERSE_WEBHOOK}`;
      const endpoints = await probe.listEndpoints();
      const ours = endpoints.filter((one) => one.url.replace(/[/?]+$/, '') === url);
      if (ours.length === 0) {
        const others = endpoints.length > 0 ? `; others: ${plural(endpoints.length, 'webhook')}` : '';
        const advice = `${TOOL} > Register > Register New Web Hook: URL ${url}, authentication HttpHeader ${WEBHOOK_HEADER}.`;
        return { findings: [wrong('endpoint', `none points at ${url}${others}`, advice)] };
      }
      const steps = (await Promise.all(ours.map((one) => probe.listSteps(one.endpointId)))).flat();
      return {
        value: true,
        findings: [
          ok('endpoint', `${listed(ours.map((one) => one.name))} points at ${url}`),
          ...WEBHOOK_STEPS.map((wanted) => toStepFinding(wanted, steps)),
          await examineFailures(probe, steps),
        ],
      };
    },
  );
}

function toStepFinding(wanted: WebhookStepRule, steps: readonly WebhookStep[]): Finding {
  const { table, message, attributes, isNeeded } = wanted;
  const check = `${table} ${message}`;
  const filter = attributes.length > 0 ? `, filtering attributes ${attributes.join(',')}` : '';
  const right = `message ${message}, primary entity ${table}, PostOperation, asynchronous${filter}`;
  const found = steps.filter((step) => step.table === table && step.message === message);
  const step = found.find((one) => one.isEnabled) ?? found[0];
  if (!step) {
    const advice = `${TOOL} > the web hook > Register New Step: ${right}.`;
    return isNeeded ? wrong(check, 'there is no step', advice) : warning(check, 'there is no step', advice);
  }
  if (!step.isEnabled) return wrong(check, 'the step is disabled', `${TOOL} > the step > Enable.`);
  const update = `${TOOL} > the step > Update: ${right}.`;
  if (!step.isAsynchronous) return wrong(check, 'synchronous: a slow answer stops the seller', update);
  if (step.stage !== AFTER_THE_OPERATION) return wrong(check, `stage ${step.stage}, before the change is done`, update);
  if (step.attributes.length > 0 && !attributes.every((one) => step.attributes.includes(one))) {
    return wrong(check, `fires on ${step.attributes.join(',')} only`, update);
  }
  return ok(check, 'enabled, asynchronous');
}

async function examineFailures(probe: DataverseProbe, steps: readonly WebhookStep[]): Promise<Finding> {
  if (steps.length === 0) return notChecked('failed calls', 'there are no steps');
  const failed = await probe.countFailedCalls(steps.map((step) => step.stepId));
  if (failed === 0) return ok('failed calls', 'none');
  const advice =
    'Dataverse does not repeat them and the feed has read what they told: correct the cause that the system job names, then delete the jobs (Settings > System Jobs).';
  return warning('failed calls', `${failed === 100 ? '100 or more' : failed} for good`, advice);
}
