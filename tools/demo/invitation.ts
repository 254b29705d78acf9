import type { Simulators } from '@dealbridge/simulators';
import type { SeedDocument } from '@dealbridge/simulators/seed/distributor.js';

/** The end of the demonstration: what the visitor does next, and only addresses that still answer. */

export interface LeftOver {
  /** Its draft waits for a person. */
  readonly waiting: SeedDocument;
  /** Cleared as soon as the item is not blocked any more. */
  readonly held: SeedDocument;
  readonly blockedItem: string;
  /** Open in Sales, and ready to be won. */
  readonly next: SeedDocument;
}

export interface Place {
  readonly webUi: string | undefined;
  readonly starterUrl: string;
  readonly codecToken: string;
}

/** @param place undefined when everything ends with the demonstration */
export function toInvitation(left: LeftOver, simulators: Simulators, place: Place | undefined): string[] {
  if (!place) {
    return [
      'Two lines to go on with:',
      '  npm run demo -- --keep   the same, and it stays: confirm the one, clear the other, win a third',
      '  npm start                with the credentials of your own systems in .env',
    ];
  }
  const { businessCentral, connection } = simulators;
  const unblock = JSON.stringify({ number: left.blockedItem, blocked: false });
  return [
    'Two lines to go on with, in another terminal:',
    `  npx dealbridge confirm ${left.waiting.number}`,
    `  curl -d '${unblock}' ${businessCentral.origin}/_sim/items/block && npx dealbridge retry ${left.held.number}`,
    '',
    `And one that wins ${left.next.kind} ${left.next.number} in Sales; its way shows in the Web UI and by \`npx dealbridge list\`:`,
    `  ${toWinningLine(left.next, simulators)}`,
    '',
    ...(place.webUi
      ? [
          `Temporal Web UI:           ${place.webUi}/namespaces/default/workflows`,
          `  opens payloads after     ${place.starterUrl}/codec/sign-in, with the token ${place.codecToken}`,
        ]
      : []),
    `Starter:                   ${place.starterUrl}/health`,
    `Sales (simulated):         ${connection.dataverse}/api/data/v9.2 (asks for a token, as the line above does)`,
    `Business Central (sim.):   ${connection.businessCentral} (likewise)`,
  ];
}

function toWinningLine({ id }: SeedDocument, { connection }: Simulators): string {
  const { dataverse, entra, tenant, dataverseApp, salesPersonId } = connection;
  const close = { Status: 4, QuoteClose: { subject: 'Won', 'quoteid@odata.bind': `/quotes(${id})` } };
  const form = [
    'grant_type=client_credentials',
    `client_id=${dataverseApp.clientId}`,
    `client_secret=${dataverseApp.clientSecret}`,
    `scope=${dataverseApp.scope}`,
  ].map((pair) => `-d '${pair}'`);
  const token = `$(curl -s ${form.join(' ')} ${entra}/${tenant}/oauth2/v2.0/token | node -p 'JSON.parse(fs.readFileSync(0)).access_token')`;
  // By a seller: what Dealbridge's own user changes starts nothing.
  return `curl -H "Authorization: Bearer ${token}" -H 'MSCRMCallerID: ${salesPersonId}' -H 'Content-Type: application/json' -d '${JSON.stringify(close)}' ${dataverse}/api/data/v9.2/WinQuote`;
}
