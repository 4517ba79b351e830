/**
 * A server that writes bytes, not HTTP: whatever a broken or hostile one may send. Who asks is answered by
 * host and path; every request is counted.
 */

import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Certificate } from '../../crawl/net/certificates.js';

export type Answer = (exchange: Exchange) => void;

/** Between two bytes of an answer that drips. */
const DRIP_MS = 100;
const CHUNK = Buffer.alloc(64 * 1024, '#');

/** One request, and the ways to answer it. */
export class Exchange {
  readonly host: string;
  readonly path: string;
  /** How often this URL was asked for, this time included. */
  readonly times: number;
  readonly #socket: Socket;

  constructor(socket: Socket, host: string, path: string, times: number) {
    this.#socket = socket;
    this.host = host;
    this.path = path;
    this.times = times;
  }

  /** A whole answer, as it should be. */
  send(status: string, headers: readonly string[] = [], body: string | Buffer = ''): this {
    const bytes = Buffer.from(body as string);
    return this.head(status, [...headers, `Content-Length: ${bytes.length}`]).write(bytes);
  }

  /** The head alone. */
  head(status: string, headers: readonly string[] = []): this {
    return this.write(`HTTP/1.1 ${status}\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n`);
  }

  write(bytes: string | Buffer): this {
    if (!this.#socket.destroyed) this.#socket.write(bytes);
    return this;
  }

  /** Ends the connection in order. */
  end(): void {
    this.#socket.end();
  }

  /** Ends it with a reset, once what was written is on its way. */
  reset(): void {
    this.#socket.write('', () => this.#socket.resetAndDestroy());
  }

  /** A byte now and then, for ever. */
  drip(byte = 'x'): void {
    const timer = setInterval(() => this.write(byte), DRIP_MS);
    this.#socket.once('close', () => clearInterval(timer));
  }

  /** As many bytes as are taken, for ever. */
  flood(chunk = CHUNK): void {
    const more = (): void => {
      while (!this.#socket.destroyed && this.#socket.write(chunk));
    };
    this.#socket.on('drain', more);
    more();
  }
}

export interface DrillServer {
  readonly port: number;
  /** Speaks TLS, for `self-signed.test`, by no authority. */
  readonly tlsPort: number;
  /** Accepts connections and says nothing, or ends them at the first byte. */
  readonly silentPort: number;
  readonly curtPort: number;
  /** Requests by `host/path`. */
  readonly asked: Map<string, number>;
  /** Connections that are open now, on any port. */
  open(): number;
  close(): Promise<void>;
}

export async function startServer(answer: Answer, identity: Certificate): Promise<DrillServer> {
  const asked = new Map<string, number>();
  const sockets = new Set<Socket>();
  const talk = (socket: Socket): void => {
    let text = '';
    socket.on('data', (data: Buffer) => {
      // A TLS handshake, of which this port knows nothing.
      if (data[0] === 0x16) socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
      text += data.toString('latin1');
      for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
        const [, path = ''] = /^GET (\S+) HTTP\/1\.1\r\n/.exec(text) ?? [];
        const [, host = ''] = /\r\nhost: (\S+)\r\n/i.exec(text) ?? [];
        text = text.slice(end + 4);
        const url = host + path;
        const times = (asked.get(url) ?? 0) + 1;
        asked.set(url, times);
        answer(new Exchange(socket, host, path, times));
      }
    });
  };
  const key = identity.key.export({ type: 'pkcs8', format: 'pem' });
  const servers: Server[] = [
    createServer(talk),
    createTlsServer({ cert: identity.cert, key }, talk),
    createServer((socket) => void socket.resume()),
    createServer((socket) => socket.once('data', () => socket.end())),
  ];
  const ports: number[] = [];
  for (const server of servers) {
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => sockets.delete(socket));
    });
    server.on('tlsClientError', () => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ports.push((server.address() as { port: number }).port);
  }
  const [port, tlsPort, silentPort, curtPort] = ports as [number, number, number, number];
  return {
    port,
    tlsPort,
    silentPort,
    curtPort,
    asked,
    open: () => sockets.size,
    async close() {
      for (const socket of sockets) socket.destroy();
      await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
    },
  };
}
