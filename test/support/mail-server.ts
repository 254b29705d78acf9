import { createServer, type Socket } from 'node:net';

/** A mail server that speaks as much SMTP (RFC 5321) as one message needs. */

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** Headers and text, lines ended by CRLF. */
  readonly data: string;
}

export interface MailServer {
  readonly port: number;
  readonly mails: readonly ReceivedMail[];
  /** What was said by AUTH PLAIN, opened. */
  readonly signIns: readonly string[];
  /** takes, but for receivers whose name is `gone`; refuses: no receiver is known; silent: takes the connection and says nothing. */
  behaviour: 'takes' | 'refuses' | 'silent';
  close(): Promise<void>;
}

export async function startMailServer(): Promise<MailServer> {
  const mails: ReceivedMail[] = [];
  const signIns: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    if (running.behaviour === 'silent') return;
    socket.write('220 mail.test ready\r\n');
    talk(socket);
  });
  function talk(socket: Socket): void {
    let heard = '';
    let mail = { from: '', to: [] as string[] };
    let isData = false;
    socket.on('data', (chunk) => {
      heard += chunk.toString('utf8');
      for (;;) {
        const end = heard.indexOf(isData ? '\r\n.\r\n' : '\r\n');
        if (end < 0) return;
        const said = heard.slice(0, end);
        heard = heard.slice(end + (isData ? 5 : 2));
        if (isData) {
          mails.push({ ...mail, data: said });
          mail = { from: '', to: [] };
          isData = false;
          socket.write('250 taken\r\n');
        } else if (/^DATA$/i.test(said)) {
          isData = true;
          socket.write('354 go on\r\n');
        } else socket.write(answer(said, mail));
      }
    });
  }
  function answer(said: string, mail: { from: string; to: string[] }): string {
    const address = /<([^>]*)>/.exec(said)?.[1] ?? '';
    if (/^EHLO/i.test(said)) return '250-mail.test\r\n250 AUTH PLAIN\r\n';
    if (/^AUTH PLAIN /i.test(said)) {
      signIns.push(Buffer.from(said.slice('AUTH PLAIN '.length), 'base64').toString('utf8'));
      return '235 welcome\r\n';
    }
    if (/^MAIL FROM:/i.test(said)) {
      mail.from = address;
      return '250 ok\r\n';
    }
    if (/^RCPT TO:/i.test(said)) {
      if (running.behaviour === 'refuses' || address.startsWith('gone@')) return '550 nobody of that name\r\n';
      mail.to.push(address);
      return '250 ok\r\n';
    }
    return /^QUIT/i.test(said) ? '221 bye\r\n' : '502 unknown\r\n';
  }
  // On every address of this machine: 127.0.0.2 counts as another one.
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  const address = server.address();
  const running: MailServer = {
    port: typeof address === 'object' && address ? address.port : 0,
    mails,
    signIns,
    behaviour: 'takes',
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return running;
}
