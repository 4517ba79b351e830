/**
 * The source `commoncrawl`: images and their texts out of Common Crawl's archives, or any WARC. A unit
 * is one file, read as a stream. What a WARC holds is read as a page is; a WAT tells the same of alt
 * and title at a third of the size.
 */

import type { RuleName, SourcesConfig } from '../../../config.js';
import { messageOf, WitError } from '../../../core/errors.js';
import { contentId } from '../../../core/ids.js';
import { isRetryable, type Loss } from '../../../core/reasons.js';
import type { SourceResult, StreamingSource } from '../../../core/source.js';
import type { Candidate, Reject } from '../../../core/types.js';
import type { WebClient } from '../../net/client.js';
import { StreamLossError } from '../../net/stream.js';
import { findArchives, type Meter, openBytes } from './inputs.js';
import { readResponse } from './response.js';
import { readWarc, type WarcRecord } from './warc.js';
import { type ArchivedPage, readWat, SOURCE } from './wat.js';

export interface CommonCrawlUnit {
  /** A path or a URL. */
  readonly file: string;
}

/** Candidates handed on together, or records, where these give none. */
const BATCH = 2_000;
const BATCH_RECORDS = 10_000;

/** The source for `config.commonCrawl`. */
export function createCommonCrawlSource(
  config: SourcesConfig,
  client: WebClient,
): StreamingSource<CommonCrawlUnit> {
  const never = new AbortController().signal;
  return {
    name: SOURCE,

    async *plan(round, { expect }) {
      if (round > 0) return;
      const files = await reachable(() =>
        findArchives(config.commonCrawl, config.commonCrawlBase, client, never),
      );
      expect(files.length);
      for (const [index, file] of files.entries()) {
        const digest = contentId(file).slice(0, 8);
        const id = `${SOURCE}-${String(index).padStart(5, '0')}-${digest}`;
        yield { id, input: { file }, size: 1 };
      }
    },

    stream: ({ input }, signal) => readArchive(input.file, client, signal),
  };
}

/** Turns a file that could not be had into an error for people. */
async function reachable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof StreamLossError ? networkError(error) : error;
  }
}

async function* readArchive(
  file: string,
  client: WebClient,
  signal: AbortSignal,
): AsyncGenerator<SourceResult> {
  const meter: Meter = { read: 0, total: undefined };
  const batch = new Batch(file, meter);
  try {
    for await (const items of readWarc(openBytes(file, client, signal, meter))) {
      signal.throwIfAborted();
      for (const item of items) {
        if (item.type === 'damage') batch.lose(item.at, item.loss);
        else await readRecord(item, client.honours, batch);
        if (batch.isFull) yield batch.take();
      }
    }
    batch.end();
  } catch (error) {
    if (!(error instanceof StreamLossError)) throw error;
    // What may pass is not written down as lost: a rerun reads the file again.
    if (isRetryable(error.loss.reason)) throw networkError(error, file);
    batch.lose(-1, error.loss);
  }
  yield batch.take();
}

/** Adds what one record gives. A record of a page that cannot be read is a loss. */
async function readRecord(
  record: WarcRecord,
  honours: ReadonlySet<RuleName>,
  batch: Batch,
): Promise<void> {
  batch.records++;
  const type = record.fields.get('warc-type');
  const mediaType = record.fields.get('content-type') ?? '';
  try {
    let page: ArchivedPage | undefined;
    if (type === 'response') page = await readResponse(record, honours);
    else if (type === 'metadata' && /^application\/json\b/i.test(mediaType)) {
      page = readWat(record.block, honours);
    }
    if (page !== undefined) batch.add(record.at, page);
  } catch (error) {
    batch.lose(record.at, { reason: 'bad_record', detail: messageOf(error) });
  }
}

function networkError(error: StreamLossError, file?: string): WitError {
  const what = file === undefined ? '' : `${file}: `;
  return new WitError('network', `${what}${error.message}`, {
    cause: error,
    hint: 'Run the same command again: it goes on with the files that are not done.',
  });
}

/** What has been found since it was last handed on. */
class Batch {
  records = 0;
  readonly #file: string;
  readonly #meter: Meter;
  /** Of the file, by bytes, when the last batch was taken: 0..1. */
  #share = 0;
  #candidates: Candidate[] = [];
  #rejects: Reject[] = [];
  #pages = 0;
  #imagesWithoutText = 0;
  #any = false;

  constructor(file: string, meter: Meter) {
    this.#file = file;
    this.#meter = meter;
  }

  get isFull(): boolean {
    // Before the first record it may still turn out that this is no archive.
    if (!this.#any && this.records === 0) return false;
    const found = this.#candidates.length + this.#rejects.length;
    return found >= BATCH || this.records >= BATCH_RECORDS;
  }

  add(at: number, page: ArchivedPage): void {
    this.#pages++;
    this.#imagesWithoutText += page.imagesWithoutText;
    for (const candidate of page.candidates) this.#candidates.push(candidate);
    if (page.optOut !== undefined) {
      this.lose(at, page.optOut, page.pageUrl);
    }
  }

  /** A loss at a place in the file; -1 is the file itself. */
  lose(at: number, { reason, detail }: Loss, pageUrl?: string): void {
    const place = at === -1 ? this.#file : `${this.#file}, byte ${at}`;
    const reject: Reject = {
      id: contentId(this.#file, String(at)),
      imageUrl: '',
      text: '',
      textSource: 'alt',
      source: SOURCE,
      stage: 'discover',
      reason,
      // Opt-outs begin with their rule, wherever they come from.
      detail: reason === 'opt_out' ? `${detail} (${place})` : `${place}: ${detail}`,
    };
    if (pageUrl !== undefined) reject.pageUrl = pageUrl;
    this.#rejects.push(reject);
  }

  /** The file is read: if it held no record at all, that is the one thing to say. */
  end(): void {
    if (this.#any || this.records > 0) return;
    this.#rejects = [];
    this.lose(-1, { reason: 'wrong_content_type', detail: 'holds no WARC record' });
  }

  take(): SourceResult {
    const { read, total } = this.#meter;
    const share = total === undefined ? this.#share : Math.min(1, read / total);
    const result: SourceResult = {
      candidates: this.#candidates,
      rejects: this.#rejects,
      links: [],
      counts: {
        records: this.records,
        pages: this.#pages,
        imagesWithoutText: this.#imagesWithoutText,
      },
      worked: share - this.#share,
    };
    this.#share = share;
    this.#any ||= this.records > 0;
    this.#candidates = [];
    this.#rejects = [];
    this.records = 0;
    this.#pages = 0;
    this.#imagesWithoutText = 0;
    return result;
  }
}
