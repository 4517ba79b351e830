/** What the rest of the project may use of the crawler. */

export { type Download, downloadImage } from './download.js';
export { extractPage, type Page } from './extract.js';
export { encodeMetrics } from './monitor/metrics.js';
export { CrawlMonitor } from './monitor/monitor.js';
export { serveMetrics } from './monitor/serve.js';
export { WebClient, type WebClientOptions } from './net/client.js';
export type { Address, Resolve } from './net/dns.js';
export { isPublicAddress } from './net/guard.js';
export type { Fetched, GetOptions, Head, ResourceKind } from './net/resource.js';
export { RULES, type Rule } from './net/rules.js';
export { isSilence } from './net/silence.js';
export { type CommonCrawlUnit, createCommonCrawlSource } from './sources/commoncrawl/source.js';
export { createListSource, type ListUnit } from './sources/list.js';
export { createSearchSource, type SearchUnit } from './sources/search/source.js';
export { createWebSource, type WebUnit } from './sources/web.js';
