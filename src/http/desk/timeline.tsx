import type { OpenDeal } from '../../operations/deals/open-deal.js';
import { toSentence } from './action-words.js';
import { type Format, Time } from './format.js';
import { toReasonWords } from './words.js';

/** Everything that happened to a deal, in plain words, the newest first; ids of requests for whoever asks for them. */

interface Props {
  readonly trail: OpenDeal['trail'];
  readonly notices: OpenDeal['notices'];
  readonly format: Format;
}

export function Timeline({ trail, notices, format }: Props) {
  return (
    <section aria-label="What happened">
      <h2>What happened</h2>
      {notices.map(({ at, text }) => (
        <p class="warning">
          {text}{' '}
          <span class="light">
            <Time at={at} format={format} />
          </span>
        </p>
      ))}
      {trail.length === 0 && <p class="light">Nothing was changed or decided yet.</p>}
      <ol class="timeline">
        {[...trail].reverse().map((entry) => {
          const { who, what } = toSentence(entry);
          return (
            <li>
              <Time at={entry.at} format={format} />
              <span>
                <strong>{who}</strong> {what}
                <Detail facts={{ ...entry.facts, ...entry.personal }} format={format} />
                {isUnproved(entry.facts ?? {}) && <span class="badge quiet">unverified</span>}
                {entry.requestId != null && (
                  <details class="request">
                    <summary>Request</summary>
                    <code>{entry.requestId}</code>
                  </details>
                )}
              </span>
            </li>
          );
        })}
      </ol>
    </section>
  );
}

type Facts = Readonly<Record<string, unknown>>;

function isUnproved(facts: Facts): boolean {
  return facts['source'] !== undefined && facts['source'] !== 'rule' && facts['verified'] === false;
}

/** The facts that a person asks for first: what was found, which figures, which number. */
function Detail({ facts, format }: { readonly facts: Facts; readonly format: Format }) {
  const parts = [...toReasons(facts), ...toFigures(facts, format), ...toTexts(facts)];
  if (parts.length === 0) return null;
  return <span class="sub">{parts.join(' · ')}</span>;
}

function toReasons({ reasons }: Facts): string[] {
  if (!Array.isArray(reasons)) return [];
  return reasons.filter((one) => typeof one === 'string').map((one) => toReasonWords(one as never));
}

function toFigures({ figures }: Facts, format: Format): string[] {
  if (typeof figures !== 'object' || figures === null) return [];
  const { documentNumber, totalIncludingTax, currency } = figures as Record<string, unknown>;
  if (typeof totalIncludingTax !== 'string' || typeof currency !== 'string') return [];
  return [`draft ${String(documentNumber)}, ${format.money(totalIncludingTax, currency)}`];
}

function toTexts(facts: Facts): string[] {
  return ['number', 'reason', 'note', 'to', 'cause']
    .map((name) => facts[name])
    .filter((text): text is string => typeof text === 'string' && text !== '');
}
