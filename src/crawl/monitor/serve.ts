/** The endpoint that Prometheus scrapes: GET /metrics, and nothing else. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf, systemCode, WitError } from '../../core/errors.js';
import { METRICS_TYPE } from './metrics.js';

export interface MetricsServer {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves what `metrics` gives at the moment of each request.
 * @param port 0 for any free one.
 * @throws WitError `config` when it cannot listen there.
 */
export async function serveMetrics(
  metrics: () => string,
  { host, port }: { host: string; port: number },
): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?', 1)[0];
    if (path !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('Metrics are at /metrics\n');
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end();
    } else {
      response.writeHead(200, { 'content-type': METRICS_TYPE });
      response.end(request.method === 'HEAD' ? undefined : metrics());
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(cannotListen(cause, host, port)));
    server.listen(port, host, resolve);
  });
  // A scrape must not keep a finished crawl alive.
  server.unref();
  const address = server.address() as AddressInfo;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return {
    url: `http://${name}:${address.port}/metrics`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function cannotListen(cause: Error, host: string, port: number): WitError {
  const why =
    systemCode(cause) === 'EADDRINUSE' ? 'another program uses this port' : messageOf(cause);
  return new WitError('config', `Cannot serve metrics on ${host}, port ${port}: ${why}`, {
    cause,
    hint: 'Choose another net.metricsPort or net.metricsHost, or 0 for any free port.',
  });
}
