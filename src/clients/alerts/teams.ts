import type { AlertContent } from '../../deal/alerts.js';
import { type AlertSender, KIND_WORDS, toNumbers } from './channel.js';
import { postJson } from './post.js';

/**
 * A channel of Teams, by the webhook of a workflow («Send webhook alerts to a channel»): it takes a message with one
 * Adaptive Card. https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
 */
export function createTeamsSender(url: string): AlertSender {
  return { send: ({ content }) => postJson('teams', url, toBody(content)) };
}

/**
 * Of a message Teams takes 28 KB, and a larger one would be refused for ever.
 * https://learn.microsoft.com/microsoftteams/limits-specifications-teams
 */
const MAX_BYTES = 27 * 1_024;

/** With as many groups as fit, the most frequent first. */
function toBody(content: AlertContent): string {
  for (let shown = content.groups.length; ; shown -= 1) {
    const body = JSON.stringify(toMessage(content, shown));
    if (shown === 0 || Buffer.byteLength(body) <= MAX_BYTES) return body;
  }
}

function toMessage(content: AlertContent, shown: number): object {
  return {
    type: 'message',
    attachments: [
      { contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content: toCard(content, shown) },
    ],
  };
}

function toCard({ title, groups, link }: AlertContent, shown: number): object {
  const more = groups.length - shown;
  return {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    body: [
      { type: 'TextBlock', text: plain(title), size: 'Medium', weight: 'Bolder', wrap: true },
      ...groups.slice(0, shown).flatMap((group) => [
        {
          type: 'TextBlock',
          text: `${group.count} × [${plain(`${KIND_WORDS[group.kind]}: ${group.subject}`)}](${group.link})`,
          weight: 'Bolder',
          wrap: true,
          separator: true,
        },
        {
          type: 'TextBlock',
          text: plain([toNumbers(group), group.advice].filter((line) => line !== '').join('. ')),
          wrap: true,
          isSubtle: true,
        },
      ]),
      ...(more > 0 ? [{ type: 'TextBlock', text: `and ${more} more, at the desk`, wrap: true, separator: true }] : []),
    ],
    actions: [{ type: 'Action.OpenUrl', title: 'Open the desk', url: link }],
  };
}

/** A number of a record is not to become a link: cards read some Markdown. */
function plain(text: string): string {
  return text.replace(/[\\[\]()*_]/g, '\\$&');
}
