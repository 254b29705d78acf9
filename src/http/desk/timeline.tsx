import { isHoldReason } from '../../deal/holds.js';
import { NOTICES } from '../../deal/notices.js';
import type { OpenDeal } from '../../operations/deals/open-deal.js';
import { toSentence } from './action-words.js';
import { type Format, Time } from './format.js';
import { PAYMENT_WORDS, toReasonWords } from './words.js';

/** Everything that happened to a deal, in plain words, the newest first; ids of requests for whoever asks for them. */

interface Props {
  readonly trail: OpenDeal['trail'];
  readonly notices: OpenDeal['notices'];
  readonly documents: OpenDeal['documents'];
  readonly format: Format;
}

export function Timeline({ trail, notices, documents, format }: Props) {
  return (
    <section aria-label="What happened">
      <h2>What happened</h2>
      {notices.map(({ at, text, subject }) => (
        <p class="warning">
          {nameSubject(subject, documents)}
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
                <Detail entry={entry} documents={documents} format={format} />
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

/** Of several invoices it is said which one it is about. */
function nameSubject(subject: unknown, documents: Props['documents']): string {
  const document = documents.find(({ id }) => id === subject);
  return document ? `${document.number}: ` : '';
}

type Facts = Readonly<Record<string, unknown>>;

function isUnproved(facts: Facts): boolean {
  return facts['source'] !== undefined && facts['source'] !== 'rule' && facts['verified'] === false;
}

/** The facts that a person asks for first: what was found, which figures, which number. */
function Detail({
  entry,
  documents,
  format,
}: Pick<Props, 'documents' | 'format'> & { readonly entry: Props['trail'][number] }) {
  const facts = { ...entry.facts, ...entry.personal };
  const parts = [
    ...toNotice(entry, documents),
    ...toReasons(facts),
    ...toFigures(facts, format),
    ...toDraft(facts, format),
    ...toPayment(facts),
    ...toTexts(facts),
    ...toCause(entry.action, facts),
    ...textsOf(entry.after ?? {}, ['number']),
  ];
  if (parts.length === 0) return null;
  return <span class="sub">{parts.join(' · ')}</span>;
}

function toNotice({ action, facts = {} }: Props['trail'][number], documents: Props['documents']): string[] {
  const { kind, subject } = facts as Facts;
  if (action !== 'notice' || typeof kind !== 'string' || !Object.hasOwn(NOTICES, kind)) return [];
  const text = `${nameSubject(subject, documents)}${NOTICES[kind as keyof typeof NOTICES]}`;
  // Its subject is what the notice leaves to the trail.
  return kind === 'differs-as-allowed' && typeof subject === 'string' ? [text, subject] : [text];
}

function toReasons({ reasons }: Facts): string[] {
  if (!Array.isArray(reasons)) return [];
  return reasons.filter((one) => typeof one === 'string').map((one) => toReasonWords(one as never));
}

function toFigures({ figures }: Facts, format: Format): string[] {
  if (typeof figures !== 'object' || figures === null) return [];
  const { documentNumber, totalIncludingTax, currency } = figures as Facts;
  if (typeof totalIncludingTax !== 'string' || typeof currency !== 'string') return [];
  return [`draft ${String(documentNumber)}, ${format.money(totalIncludingTax, currency)}`];
}

/** Made just now, or found as what a quote became. */
function toDraft({ draftNumber, totalIncludingTax }: Facts, format: Format): string[] {
  if (typeof draftNumber !== 'string') return [];
  if (typeof totalIncludingTax !== 'string') return [draftNumber];
  return [`${draftNumber}, ${format.money(totalIncludingTax, undefined)} including tax`];
}

function toPayment({ after }: Facts): string[] {
  if (typeof after !== 'object' || after === null) return [];
  const { number, status } = after as Facts;
  if (typeof status !== 'string' || !Object.hasOwn(PAYMENT_WORDS, status)) return [];
  return [`${String(number)}: ${PAYMENT_WORDS[status as keyof typeof PAYMENT_WORDS]}`];
}

const NUMBERS = ['number', 'customerNumber', 'contactNumber', 'itemNumber', 'unitCode'] as const;

function toTexts(facts: Facts): string[] {
  const { documents, differences, confirmations, needed } = facts;
  return [
    ...textsOf(facts, ['draftNumber' in facts ? 'number' : NUMBERS, 'reason', 'note', 'cause'].flat()),
    ...listOf(documents),
    ...listOf(differences),
    ...(typeof confirmations === 'number' && typeof needed === 'number' ? [`${confirmations} of ${needed}`] : []),
  ];
}

function textsOf(facts: Facts, names: readonly string[]): string[] {
  return names
    .map((name) => facts[name])
    .filter((text): text is string => typeof text === 'string' && text !== '')
    .map((text) => (isHoldReason(text) ? toReasonWords(text) : text));
}

function listOf(texts: unknown): string[] {
  return Array.isArray(texts) ? texts.filter((text): text is string => typeof text === 'string') : [];
}

function toCause(action: string, { cause }: Facts): string[] {
  return action === 'confirmation is void' && cause === undefined ? ['deal or draft changed'] : [];
}
