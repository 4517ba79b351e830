/** Watches a crawl while it runs: a snapshot a second to whoever listens, metrics to whoever asks. */

import type { NetConfig } from '../config.js';
import type { Emit } from '../core/events.js';
import { type CrawlMonitor, encodeMetrics, serveMetrics, type WebClient } from '../crawl/index.js';

const EVERY_MS = 1_000;

export interface Watch {
  /** What the stages report to. Losses stay here: they go on in the snapshots, gathered. */
  readonly emit: Emit;
  /** Sends the last snapshot, and ends the endpoint. */
  close(): Promise<void>;
}

/**
 * Begins to watch.
 * @throws WitError `config` when the metrics cannot be served where `net` says.
 */
export async function watchCrawl(
  { monitor, client }: { monitor: CrawlMonitor; client: WebClient },
  net: NetConfig,
  emit: Emit,
): Promise<Watch> {
  const snapshot = (over = false) => monitor.snapshot(client.census(), over);
  const { metricsPort: port, metricsHost: host } = net;
  const metrics = () => encodeMetrics(snapshot(), monitor.latency);
  const server = port === undefined ? undefined : await serveMetrics(metrics, { host, port });
  if (server !== undefined) {
    emit({ type: 'message', level: 'info', text: `metrics: ${server.url}` });
  }
  const timer = setInterval(() => {
    monitor.tick();
    emit({ type: 'crawl', ...snapshot() });
  }, EVERY_MS);
  timer.unref();
  return {
    emit(event) {
      monitor.listen(event);
      if (event.type !== 'loss') emit(event);
    },
    async close() {
      clearInterval(timer);
      emit({ type: 'crawl', ...snapshot(true) });
      await server?.close();
    },
  };
}
