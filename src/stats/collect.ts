/**
 * One streaming pass over a dataset folder: every part once, only the columns that are counted, and
 * memory that does not grow with the number of rows (see tally.ts, spread.ts, draw.ts for how).
 * The pixels of a few sample rows are read at the end.
 */

import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { eld } from 'eld/medium';
import { WitError } from '../core/errors.js';
import { type Emit, silent } from '../core/events.js';
import { openParquet, readRecords } from '../core/parquet/reader.js';
import type { Reason } from '../core/reasons.js';
import type { Fields, RecordOf } from '../core/record.js';
import {
  candidateFields,
  type Pair,
  pairFields,
  rejectFields,
  STAGES,
  type StageName,
  type TextSource,
} from '../core/types.js';
import { Draw, drawRank } from './draw.js';
import { queryStats } from './queries.js';
import { type DrawnRow, withThumbnails } from './samples.js';
import { Spread } from './spread.js';
import { Tally } from './tally.js';
import { cut, URL_LENGTH } from './text.js';
import {
  type HostRow,
  type LossSample,
  SCHEMA_VERSION,
  type StageLosses,
  type Stats,
  type StatsInput,
} from './types.js';
import { IMAGE_REASONS } from './wording.js';

/** Rows shown with their image. */
const SAMPLES = 36;
const LOSS_SAMPLES = 5;
const LISTED_HOSTS = 20;
/** Captions whose language is looked at, about: two seconds of work. */
const LANGUAGE_SAMPLE = 200_000;
/** Code points of a text that are kept for showing. */
const SHOWN_TEXT = 500;
/** Code points of a host or licence that tell it from others: a hostile one may be a megabyte. */
const NAME_LENGTH = 255;
/** Rows between two progress events. */
const PROGRESS_ROWS = 5_000;

export interface CollectOptions {
  readonly emit?: Emit;
  readonly signal?: AbortSignal;
}

/**
 * Reads the dataset and counts. The result depends on the dataset alone.
 * @throws WitError `missing_file` or `bad_file` naming the part; the signal's reason when aborted.
 */
export async function collectStats(
  input: StatsInput,
  options: CollectOptions = {},
): Promise<Stats> {
  const { emit = silent, signal = new AbortController().signal } = options;
  return await new Collector(input, emit, signal).collect();
}

const pairColumns = Object.keys(pairFields).filter((name) => name !== 'image') as Exclude<
  keyof Pair,
  'image'
>[];
type PairRow = Omit<Pair, 'image'>;

class Collector {
  readonly #input: StatsInput;
  readonly #emit: Emit;
  readonly #signal: AbortSignal;
  readonly #seed: number;

  readonly #hosts = new Tally();
  readonly #keptHosts = new Tally();
  readonly #sources = new Tally();
  readonly #textSources = new Tally<TextSource>();
  readonly #licences = new Tally();
  readonly #languages = new Tally();
  readonly #formats = new Tally();
  readonly #queries = new Tally();
  readonly #words = new Spread();
  readonly #chars = new Spread();
  readonly #originalSide = new Spread();
  readonly #storedSide = new Spread();
  /** In thousandths. */
  readonly #aspect = new Spread();
  readonly #losses = new Map<StageName, Map<Reason, { count: number; draw: Draw<LossSample> }>>();
  readonly #drawn: Draw<DrawnRow>;
  #reduced = 0;
  #done = 0;

  constructor(input: StatsInput, emit: Emit, signal: AbortSignal) {
    this.#input = input;
    this.#emit = emit;
    this.#signal = signal;
    this.#seed = input.config.seed;
    this.#drawn = new Draw(this.#seed, SAMPLES);
  }

  async collect(): Promise<Stats> {
    const { outputs, dir } = this.#input;
    const candidates = await this.#countRows(outputs.candidates);
    const selected = await this.#countRows(outputs.selected);
    const kept = await this.#countRows(outputs.shards);
    const rejected = await this.#countRows(outputs.rejects);
    const total = candidates + kept + rejected;
    this.#emit({ type: 'begin', task: 'stats', unit: 'rows', total });

    for await (const row of this.#rows(outputs.candidates, candidateFields, [
      'imageUrl',
      'textSource',
      'source',
    ])) {
      this.#hosts.add(hostOf(row.imageUrl));
      this.#textSources.add(row.textSource);
      this.#sources.add(row.source);
    }
    for await (const row of this.#rows(outputs.rejects, rejectFields)) this.#addLoss(row);
    const languageShare = Math.min(1, LANGUAGE_SAMPLE / Math.max(1, kept));
    for (const path of outputs.shards) {
      let index = 0;
      for await (const row of this.#rows([path], pairFields, pairColumns)) {
        this.#addPair(row, join(dir, path), index++, languageShare);
      }
    }
    const samples = await withThumbnails(this.#drawn.items(), this.#signal);
    this.#emit({ type: 'end', task: 'stats', done: this.#done });
    return {
      ...(await this.#describe({ candidates, selected, kept })),
      samples,
      config: this.#input.config,
    };
  }

  #addLoss(row: RecordOf<typeof rejectFields>): void {
    const stage = this.#losses.get(row.stage) ?? new Map();
    this.#losses.set(row.stage, stage);
    const loss = stage.get(row.reason) ?? { count: 0, draw: new Draw(this.#seed, LOSS_SAMPLES) };
    stage.set(row.reason, loss);
    loss.count += 1;
    loss.draw.offer(row.id, () => ({
      text: cut(row.text, SHOWN_TEXT),
      url: cut(row.imageUrl, URL_LENGTH),
      ...(row.pageUrl !== undefined && { pageUrl: cut(row.pageUrl, URL_LENGTH) }),
      ...(row.detail !== undefined && { detail: cut(row.detail, SHOWN_TEXT) }),
    }));
  }

  #addPair(row: PairRow, path: string, index: number, languageShare: number): void {
    this.#keptHosts.add(hostOf(row.url));
    this.#licences.add(cut(row.license ?? 'unknown', NAME_LENGTH));
    this.#formats.add(row.format);
    for (const query of row.queries) this.#queries.add(query);
    this.#words.add(wordCount(row.text));
    this.#chars.add(row.text.length);
    if (drawRank(this.#seed, row.key) < languageShare) {
      this.#languages.add(eld.detect(cut(row.text, SHOWN_TEXT)).language || 'und');
    }
    this.#originalSide.add(Math.min(row.originalWidth, row.originalHeight));
    this.#storedSide.add(Math.min(row.width, row.height));
    this.#aspect.add(Math.round((1000 * row.width) / row.height));
    if (row.width * row.height < row.originalWidth * row.originalHeight) this.#reduced += 1;
    this.#drawn.offer(row.key, () => ({ sample: sampleOf(row), path, row: index }));
  }

  async #describe(rows: {
    candidates: number;
    selected: number;
    kept: number;
  }): Promise<Omit<Stats, 'samples' | 'config'>> {
    const input = this.#input;
    const losses = this.#describeLosses();
    const lostIn = (stage: StageName): number =>
      losses.find((each) => each.stage === stage)?.count ?? 0;
    const imageLosses = losses
      .filter(({ stage }) => stage === 'fetch' || stage === 'shard')
      .flatMap(({ reasons }) => reasons)
      .filter(({ reason }) => IMAGE_REASONS.has(reason))
      .reduce((sum, { count }) => sum + count, 0);
    const sideEdges = this.#originalSide.edges(24);
    return {
      schemaVersion: SCHEMA_VERSION,
      name: input.name ?? basename(resolve(input.dir)),
      complete: input.complete,
      snapshot: input.snapshot,
      bytes: await this.#shardBytes(),
      shards: input.outputs.shards.length,
      funnel: {
        pages: input.pages,
        candidates: rows.candidates,
        selected: rows.selected,
        fetched: rows.kept + imageLosses,
        kept: rows.kept,
        unaccounted: {
          select: rows.candidates - rows.selected - lostIn('select'),
          fetch: rows.selected - rows.kept - lostIn('fetch') - lostIn('shard'),
        },
      },
      losses,
      queries: await queryStats(
        input.queries.file === undefined ? undefined : join(input.dir, input.queries.file),
        { count: input.queries.count, cap: input.config.filter.cap },
        this.#queries,
      ),
      captions: {
        words: this.#words.distribution(this.#words.edges(24)),
        chars: this.#chars.distribution(this.#chars.edges(24)),
        sources: this.#textSources.ranking(10),
        languages: this.#languages.ranking(12),
        languagesOf: this.#languages.total,
      },
      images: {
        originalSide: this.#originalSide.distribution(sideEdges),
        storedSide: this.#storedSide.distribution(sideEdges),
        aspect: this.#aspect.distribution(ASPECT_EDGES, 1000),
        formats: this.#formats.ranking(10),
        reduced: this.#reduced,
      },
      provenance: {
        hosts: {
          top: this.#hosts.top(LISTED_HOSTS).map(
            ({ name, count }): HostRow => ({
              host: name,
              candidates: count,
              kept: this.#keptHosts.get(name),
            }),
          ),
          distinct: this.#hosts.distinct,
          error: this.#hosts.error,
        },
        keptHosts: this.#keptHosts.distinct,
        sources: this.#sources.ranking(10),
        licences: this.#licences.ranking(12),
      },
    };
  }

  #describeLosses(): StageLosses[] {
    return STAGES.flatMap((stage) => {
      const reasons = [...(this.#losses.get(stage) ?? [])]
        .map(([reason, { count, draw }]) => ({ reason, count, samples: draw.items() }))
        .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1));
      if (reasons.length === 0) return [];
      return [{ stage, count: reasons.reduce((sum, { count }) => sum + count, 0), reasons }];
    });
  }

  async #countRows(paths: readonly string[]): Promise<number> {
    let rows = 0;
    for (const path of paths) {
      this.#signal.throwIfAborted();
      const file = await openParquet(join(this.#input.dir, path));
      rows += file.rows;
      await file.close();
    }
    return rows;
  }

  async *#rows<F extends Fields, K extends keyof F & string = keyof F & string>(
    paths: readonly string[],
    fields: F,
    columns?: readonly K[],
  ): AsyncGenerator<RecordOf<Pick<F, K>>> {
    for (const path of paths) {
      const options = columns === undefined ? {} : { columns };
      for await (const row of readRecords<F, K>(join(this.#input.dir, path), fields, options)) {
        yield row;
        this.#done += 1;
        if (this.#done % PROGRESS_ROWS === 0) {
          this.#signal.throwIfAborted();
          this.#emit({ type: 'progress', task: 'stats', done: this.#done, note: path });
        }
      }
    }
  }

  async #shardBytes(): Promise<number> {
    let bytes = 0;
    for (const path of this.#input.outputs.shards) {
      const full = join(this.#input.dir, path);
      try {
        bytes += (await stat(full)).size;
      } catch (cause) {
        throw new WitError('missing_file', `${full} does not exist`, { cause });
      }
    }
    return bytes;
  }
}

/** width ÷ height, symmetric about 1 on a logarithmic scale; see charts for their names. */
export const ASPECT_EDGES: readonly number[] = [
  0,
  1 / 2.5,
  1 / 1.8,
  1 / 1.4,
  1 / 1.1,
  1.1,
  1.4,
  1.8,
  2.5,
  3.5,
];

function sampleOf(row: PairRow): DrawnRow['sample'] {
  return {
    key: row.key,
    text: cut(row.text, SHOWN_TEXT),
    url: cut(row.url, URL_LENGTH),
    ...(row.pageUrl !== undefined && { pageUrl: cut(row.pageUrl, URL_LENGTH) }),
    queries: row.queries.slice(0, 20),
    width: row.width,
    height: row.height,
    originalWidth: row.originalWidth,
    originalHeight: row.originalHeight,
  };
}

function hostOf(url: string): string {
  return (URL.canParse(url) && cut(new URL(url).host, NAME_LENGTH)) || '(none)';
}

/** Runs of anything but whitespace. Counted without cutting the text up: it may be a megabyte. */
function wordCount(text: string): number {
  let words = 0;
  for (const _ of text.matchAll(/\S+/g)) words += 1;
  return words;
}
