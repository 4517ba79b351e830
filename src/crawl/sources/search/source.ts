/**
 * The source `search`: asks image-search APIs for each query of the list, the literal reading of CLIP's
 * "search for (image, text) pairs […] whose text includes one of a set of […] queries" (§2.2). A unit is
 * some queries of one engine; there is one round. What an engine finds is a candidate like any other:
 * selection matches its texts against all queries and applies the cap.
 */

import type { NetConfig, SearchConfig } from '../../../config.js';
import { WitError } from '../../../core/errors.js';
import { candidateId, contentId } from '../../../core/ids.js';
import type { Loss } from '../../../core/reasons.js';
import type { SourceResult, SourceUnit, StreamingSource } from '../../../core/source.js';
import type { Candidate, Reject } from '../../../core/types.js';
import type { WebClient } from '../../net/client.js';
import { anyAddress, parseUrl, refuseUrl } from '../../net/guard.js';
import { boundedText } from '../../text.js';
import { SearchApi } from './api.js';
import { commonsEngine } from './commons.js';
import { type Environment, openverseCredentials, tokenFrom } from './credentials.js';
import type { Cursor, EngineName, FoundImage, SearchEngine } from './engine.js';
import { OPENVERSE_ANONYMOUS_PAGE_SIZE, openverseEngine } from './openverse.js';
import { chooseQueries } from './queries.js';
import { searxngEngine } from './searxng.js';

/** Queries to put to one engine. */
export interface SearchUnit {
  readonly engine: EngineName;
  readonly queries: readonly string[];
}

export interface SearchOptions {
  readonly client: WebClient;
  /** Texts of the query list, in its order. */
  readonly queries: readonly string[];
  readonly net: NetConfig;
  /** Pairs that one query may admit: more images of one query are not asked for. */
  readonly cap: number;
  /** Width that an image must have to be stored at full size, pixels. */
  readonly neededWidth: number;
  /** Of the order `random`. */
  readonly seed: number;
  /** Where tokens and keys are; default: the process's. */
  readonly environment?: Environment;
}

/**
 * The search source for `config`. Nothing is asked yet.
 * @throws WitError `config` naming an endpoint, key or filter that cannot be.
 */
export function createSearchSource(
  config: SearchConfig,
  options: SearchOptions,
): StreamingSource<SearchUnit> {
  const { client, net } = options;
  const apis = new Map<EngineName, SearchApi>();
  for (const name of new Set(config.engines)) {
    const maxWaitMs = net.searchMaxWaitMs;
    const engine = engineOf(name, config, options);
    const delayMs = 1_000 / (net[`${name}PerSecond`] ?? engine.requestsPerSecond);
    apis.set(name, new SearchApi(engine, client, { delayMs, maxWaitMs }));
  }
  const limit = Math.min(config.perQuery ?? options.cap, options.cap);

  return {
    name: 'search',

    async *plan(round, { expect }) {
      if (round > 0) return;
      const queries = chooseQueries(options.queries, config, options.seed);
      expect(queries.length * apis.size);
      let index = 0;
      for (let at = 0; at < queries.length; at += config.queriesPerUnit) {
        // Engine by engine within the same queries, so that all engines are at work from the start.
        for (const engine of apis.keys()) {
          const input = { engine, queries: queries.slice(at, at + config.queriesPerUnit) };
          yield unitOf(index++, input);
        }
      }
    },

    async *stream({ input }, signal) {
      const api = apis.get(input.engine) as SearchApi;
      for (const query of input.queries) {
        yield* search(api, query, { limit, licenses: config.licenses, signal });
      }
    },
  };
}

function engineOf(name: EngineName, config: SearchConfig, options: SearchOptions): SearchEngine {
  const { environment = process.env, client, net } = options;
  const { licenses, language } = config;
  const endpoint = endpointOf(name, config);
  switch (name) {
    case 'commons':
      return commonsEngine({
        endpoint: endpoint.href,
        pageSize: config.commonsPageSize,
        language,
        neededWidth: options.neededWidth,
        credentials: tokenFrom(environment, 'WIT_COMMONS_TOKEN', endpoint),
      });
    case 'openverse': {
      const requests = { client, delayMs: 0, maxWaitMs: net.searchMaxWaitMs };
      const credentials = openverseCredentials(environment, endpoint, requests);
      const pageSize = config.openversePageSize;
      if (credentials === undefined && pageSize > OPENVERSE_ANONYMOUS_PAGE_SIZE) {
        throw new WitError('config', `openversePageSize ${pageSize} needs a key`, {
          hint: `Without one a page holds at most ${OPENVERSE_ANONYMOUS_PAGE_SIZE}; docs/crawl.md says how to set one.`,
        });
      }
      return openverseEngine({ endpoint: endpoint.href, pageSize, licenses, credentials });
    }
    case 'searxng':
      if (licenses.length > 0) {
        throw new WitError('config', 'searxng does not say under which licence an image is', {
          hint: 'Leave out search.licenses, or searxng among search.engines.',
        });
      }
      return searxngEngine({ endpoint: endpoint.href, language });
  }
}

/** Messages name the host alone: what else stands in the address may be a key. */
function endpointOf(name: EngineName, config: SearchConfig): URL {
  const text = config[`${name}Endpoint`];
  if (text === undefined) {
    throw new WitError('config', `search.${name}Endpoint is not set`, {
      hint: 'Give the address of a SearXNG instance: --searxng https://searx.example.org/.',
    });
  }
  const url = parseUrl(text);
  const plain = url !== undefined && refuseUrl(url, anyAddress) === undefined;
  if (!plain || url.search !== '' || url.hash !== '') {
    const where = url?.host ? ` (${url.host})` : '';
    throw new WitError('config', `search.${name}Endpoint${where} cannot be used`, {
      hint: 'It is to be a plain http(s) address, without user name, password, ? or #.',
    });
  }
  // Openverse's and SearXNG's are folders; MediaWiki's is a file, api.php.
  if (name !== 'commons' && !url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

function unitOf(index: number, input: SearchUnit): SourceUnit<SearchUnit> {
  const digest = contentId(JSON.stringify(input)).slice(0, 8);
  const id = `search-${String(index).padStart(5, '0')}-${input.engine}-${digest}`;
  return { id, input, size: input.queries.length };
}

interface Wanted {
  /** Images. */
  readonly limit: number;
  readonly licenses: SearchConfig['licenses'];
  readonly signal: AbortSignal;
}

/** What one engine has for one query, page by page, until it is enough or nothing new comes. */
async function* search(
  api: SearchApi,
  query: string,
  { limit, licenses, signal }: Wanted,
): AsyncGenerator<SourceResult> {
  const { engine } = api;
  const images = new Set<string>();
  const cursors = new Set<string>();
  let cursor: Cursor | undefined = {};
  for (let page = 1; page <= engine.maxPages && images.size < limit; page++) {
    const where = `${engine.name}, query ${JSON.stringify(query)}, page ${page}`;
    const answer = await api.ask(query, cursor, signal);
    const counts = { queries: page === 1 ? 1 : 0, requests: 1, rows: 0, repeated: 0 };
    const result = {
      candidates: [] as Candidate[],
      rejects: [] as Reject[],
      links: [],
      counts,
      worked: counts.queries,
    };
    if ('loss' in answer) {
      result.rejects.push(rejectOf(where, answer.loss));
      yield result;
      return;
    }
    const before = images.size;
    for (const [at, found] of answer.results.entries()) {
      if (images.size >= limit) break;
      counts.rows++;
      const read = 'loss' in found ? found : candidatesOf(found, licenses);
      if ('loss' in read) {
        result.rejects.push(rejectOf(`${where}, result ${at + 1}`, read.loss, found));
      } else if (images.has(read.imageUrl)) {
        counts.repeated++;
      } else {
        images.add(read.imageUrl);
        result.candidates.push(...read.candidates);
      }
    }
    const { next } = answer;
    const key = JSON.stringify(next);
    if (next !== undefined && cursors.has(key)) {
      const detail = 'asks for a page that was already read';
      result.rejects.push(rejectOf(where, { reason: 'bad_response', detail }));
    }
    yield result;
    const fruitless = images.size === before && answer.partial !== true;
    if (next === undefined || cursors.has(key) || fruitless) return;
    cursors.add(key);
    cursor = next;
  }
}

/** A candidate for each text of an image that can be asked for. */
function candidatesOf(
  found: FoundImage,
  licenses: SearchConfig['licenses'],
): { imageUrl: string; candidates: Candidate[] } | { loss: Loss } {
  const url = parseUrl(found.imageUrl);
  if (url === undefined) return { loss: { reason: 'bad_url', detail: 'not an absolute URL' } };
  const refused = refuseUrl(url, anyAddress);
  if (refused !== undefined) return { loss: refused };
  const { licenseCode } = found;
  if (licenses.length > 0 && (licenseCode === undefined || !licenses.includes(licenseCode))) {
    const detail = boundedText(found.license ?? 'not stated').slice(0, MAX_LICENSE_LENGTH);
    return { loss: { reason: 'unwanted_license', detail } };
  }
  url.hash = '';
  const imageUrl = url.href;
  const pageUrl = webPage(found.pageUrl);
  const license = found.license && boundedText(found.license).slice(0, MAX_LICENSE_LENGTH);
  const texts = new Set(found.texts.map(boundedText).filter((text) => text !== ''));
  if (texts.size === 0) texts.add('');
  const candidates = [...texts].map((text) => ({
    id: candidateId(imageUrl, text),
    imageUrl,
    text,
    textSource: 'search' as const,
    source: 'search',
    ...(pageUrl !== undefined && { pageUrl }),
    ...(license !== undefined && { license }),
  }));
  return { imageUrl, candidates };
}

/** A licence is a name and a URL. */
const MAX_LICENSE_LENGTH = 500;

/** A page's URL that people may follow; undefined for `javascript:` and the like. */
function webPage(text: string | undefined): string | undefined {
  const url = text === undefined ? undefined : parseUrl(text);
  return url === undefined || refuseUrl(url, anyAddress) !== undefined ? undefined : url.href;
}

function rejectOf(where: string, loss: Loss, found?: object): Reject {
  const image = found !== undefined && 'imageUrl' in found ? (found as FoundImage) : undefined;
  const pageUrl = webPage(image?.pageUrl);
  return {
    id: contentId('search', where),
    imageUrl: boundedText(image?.imageUrl ?? ''),
    text: boundedText(image?.texts[0] ?? ''),
    textSource: 'search',
    source: 'search',
    stage: 'discover',
    ...(pageUrl !== undefined && { pageUrl }),
    reason: loss.reason,
    detail: `${where}: ${loss.detail}`,
  };
}
