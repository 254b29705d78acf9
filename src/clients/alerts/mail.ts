import { createTransport } from 'nodemailer';
import { AlertError, type AlertSender, codeOf, SEND_LIMIT_MS, toText } from './channel.js';

export interface MailOptions {
  /** `smtps://user:password@host:465`, or `smtp://…` with STARTTLS. */
  readonly smtpUrl: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly limitMs?: number;
}

const THIS_MACHINE = /^(127\.0\.0\.1|localhost|\[::1\])$/;

export function createMailSender({ smtpUrl, from, to, limitMs = SEND_LIMIT_MS }: MailOptions): AlertSender {
  const { protocol, hostname, port, username, password } = new URL(smtpUrl);
  const isTls = protocol === 'smtps:';
  return {
    async send({ messageId, content }) {
      const transport = createTransport({
        host: hostname.replace(/^\[|\]$/g, ''),
        port: port === '' ? (isTls ? 465 : 587) : Number(port),
        secure: isTls,
        // A password and what waits do not travel in the open, except on this machine.
        requireTLS: !isTls && !THIS_MACHINE.test(hostname),
        ignoreTLS: !isTls && THIS_MACHINE.test(hostname),
        ...(username !== '' && {
          auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) },
        }),
        connectionTimeout: limitMs / 2,
        greetingTimeout: limitMs / 2,
        socketTimeout: limitMs,
        disableFileAccess: true,
        disableUrlAccess: true,
      });
      const ended = AbortSignal.timeout(limitMs);
      const late = new Promise<never>((_resolve, reject) => {
        ended.addEventListener('abort', () => reject(new AlertError('mail', 'no answer in time')), { once: true });
      });
      try {
        const sent = transport.sendMail({
          from,
          to: [...to],
          // Mail systems keep one of two messages with the same id.
          messageId: `<${messageId}@dealbridge>`,
          subject: content.title,
          text: toText(content),
          headers: { 'Auto-Submitted': 'auto-generated' },
        });
        sent.catch(() => undefined);
        const { rejected } = await Promise.race([sent, late]);
        // The server has the message for the others: sent again it would reach them twice, and these never.
        return rejected.length > 0 ? `${rejected.length} of ${to.length} receivers refused` : undefined;
      } catch (error) {
        throw error instanceof AlertError ? error : new AlertError('mail', codeOf(error));
      } finally {
        transport.close();
      }
    },
  };
}
