/**
 * Every setting of every stage, in one place. A `wit.yaml` file, command-line flags and the defaults
 * below resolve here once into one validated `Config`, which is saved with the result
 * (dataset.json, checkpoint.json). Inside the stages the values are trusted.
 *
 * Units are in the names: `…Ms` milliseconds, `…Bytes` bytes, `…Px` pixels.
 */

import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { messageOf, WitError } from './core/errors.js';

const count = z.int().positive();
const share = z.number().min(0).max(1);

export const queriesSchema = z.strictObject({
  /** Query list: one query a line (`#` starts a comment), or Parquet with a `text` column. */
  file: z.string().min(1).optional(),
});

/**
 * What must hold for an entry of each source to be considered, before the size decides. `paper` holds
 * what CLIP's paper says and sensible floors where it says nothing; `metaclip` what MetaCLIP published.
 */
const THRESHOLDS = {
  paper: {
    size: 500_000,
    minCount: 100,
    minBigramCount: 100,
    minPmi: null,
    minViews: 70,
    minHourlyViews: 0,
  },
  metaclip: {
    size: null,
    minCount: 100,
    minBigramCount: 1,
    minPmi: 30,
    minViews: 70,
    minHourlyViews: 50,
  },
} as const;

/** How a query list is made (`wit queries build`). */
export const queryBuildSchema = z
  .strictObject({
    /** Wikimedia's pages-articles dumps, files or folders; none: a list from packages alone. */
    dump: z.array(z.string().min(1)).default([]),
    /** Wikimedia's view files, hourly or daily, files or folders. */
    pageviews: z.array(z.string().min(1)).default([]),
    /** `paper` or `metaclip`: what the keys below are where nothing is said. */
    thresholds: z.enum(['paper', 'metaclip']).default('paper'),
    /** Queries in the list; `null` keeps all that pass the thresholds. 500,000, or null. */
    size: count.nullable().optional(),
    /** Least occurrences of a word. 100. */
    minCount: count.optional(),
    /** Least occurrences of a bigram. 100, or 1. */
    minBigramCount: count.optional(),
    /** Least pointwise mutual information of a bigram, in bits; `null`: only the size decides. null, or 30. */
    minPmi: z.number().nullable().optional(),
    /** Least views of an article, over all view files. 70. */
    minViews: count.optional(),
    /** Rows of hourly view files with fewer views are passed over. 0, or 50. */
    minHourlyViews: z.int().min(0).optional(),
    /** `fold`: words are counted in small letters, and case does not tell queries apart. */
    case: z.enum(['fold', 'keep']).default('fold'),
    /** Whether numbers count as words. */
    numbers: z.boolean().default(false),
    /** Of each WordNet synset: its first lemma (MetaCLIP's choice), or all. */
    lemmas: z.enum(['first', 'all']).default('first'),
    /** Threads that read the dump; 0: one a core. */
    workers: z.int().min(0).default(0),
  })
  .transform(({ thresholds, ...said }) => {
    const known = Object.entries(said).filter(([, value]) => value !== undefined);
    return { thresholds, ...THRESHOLDS[thresholds], ...Object.fromEntries(known) } as {
      thresholds: typeof thresholds;
    } & { [K in keyof typeof said]-?: Exclude<(typeof said)[K], undefined> };
  });
export type QueryBuildConfig = z.output<typeof queryBuildSchema>;

/** Creative Commons' licences without version, and the public domain, by Openverse's codes. */
export const LICENSE_CODES = [
  'by',
  'by-sa',
  'by-nd',
  'by-nc',
  'by-nc-sa',
  'by-nc-nd',
  'cc0',
  'pdm',
] as const;

/** Which image-search APIs are asked for which queries of the list (docs/crawl.md). */
export const searchSchema = z.strictObject({
  /** Any of `commons`, `openverse`, `searxng`. */
  engines: z.array(z.enum(['commons', 'openverse', 'searxng'])).default([]),
  /** A MediaWiki's api.php. */
  commonsEndpoint: z.string().min(1).default('https://commons.wikimedia.org/w/api.php'),
  commonsPageSize: count.max(50).default(50),
  openverseEndpoint: z.string().min(1).default('https://api.openverse.org/v1/'),
  /** More than 20 needs a key. */
  openversePageSize: count.max(500).default(20),
  /** The address of a SearXNG instance that answers in JSON. */
  searxngEndpoint: z.string().min(1).optional(),
  /** Queries searched for; default: all. */
  maxQueries: count.optional(),
  /** Queries passed over first, so that runs can share a list. */
  skipQueries: z.int().min(0).default(0),
  /** `random`: a seeded sample instead of the list's first. */
  queryOrder: z.enum(['list', 'random']).default('list'),
  /** Images taken from one engine for one query, at most; never more than `filter.cap`, the default. */
  perQuery: count.optional(),
  /** ISO 639-1, of descriptions and results where the engine can tell. */
  language: z
    .string()
    .regex(/^[a-z]{2}$/)
    .default('en'),
  /** Only images under these licences; empty: all. */
  licenses: z.array(z.enum(LICENSE_CODES)).default([]),
  /** Queries of one engine in one unit of work. */
  queriesPerUnit: count.default(50),
});
export type SearchConfig = z.infer<typeof searchSchema>;

/** Where candidates come from. Any number of each. */
export const sourcesSchema = z.strictObject({
  /** Lists of (image URL, caption) rows: files, folders and globs; docs/crawl.md names the formats. */
  lists: z.array(z.string().min(1)).default([]),
  urlColumn: z.string().min(1).default('url'),
  /** `null`: the lists have no captions. */
  captionColumn: z.string().min(1).nullable().default('caption'),
  /** Columns of the lists that travel to the shards, as JSON in the column `extra`. */
  extraColumns: z.array(z.string().min(1)).default([]),
  /** The lists' column with the hash that the image's bytes must have (MD5, SHA-1, SHA-256, SHA-512). */
  hashColumn: z.string().min(1).optional(),
  /** Common Crawl archives: WARC and WAT files, lists of them (`….paths`), folders, URLs. */
  commonCrawl: z.array(z.string().min(1)).default([]),
  /** What the relative paths in a paths file are relative to: a URL or a folder. */
  commonCrawlBase: z.string().min(1).default('https://data.commoncrawl.org/'),
  search: searchSchema.prefault({}),
  /** Pages to start from. */
  seeds: z.array(z.string().min(1)).default([]),
  /** Files of such pages, one URL a line, also .gz. */
  seedFiles: z.array(z.string().min(1)).default([]),
  /** Hosts that may be visited; default: the hosts of the seeds. */
  hosts: z.array(z.string().min(1)).default([]),
  /** Visit every host that links lead to, each within its budget. */
  anyHost: z.boolean().default(false),
  sitemaps: z.boolean().default(true),
  /** How many links away from a seed. */
  maxDepth: z.int().min(0).default(8),
  maxPagesPerHost: count.default(100_000),
  /** Pages, or list rows, in one unit of work. */
  unitSize: count.default(1_000),
});

/** What hosts and authors may ask of a crawler: src/crawl/net/rules.ts says what each stands for. */
export const RULE_NAMES = [
  'robots.txt',
  'crawl-delay',
  'content-usage-robots',
  'content-signal',
  'x-robots-tag',
  'meta-robots',
  'content-usage-header',
  'tdm-file',
  'tdm-header',
  'tdm-meta',
] as const;
export type RuleName = (typeof RULE_NAMES)[number];

export const netSchema = z.strictObject({
  /** Who runs this crawl: an e-mail address or a web page. Sent in the user agent. */
  contact: z.string().min(1).optional(),
  /** The rules of politeness that are followed. */
  honour: z.array(z.enum(RULE_NAMES)).default([...RULE_NAMES]),
  /** Requests in flight at once, over all hosts. */
  concurrency: count.default(64),
  perHostConcurrency: count.default(2),
  /** Least time between the starts of two requests to one host; robots.txt's crawl-delay raises it. */
  perHostDelayMs: z.int().min(0).default(100),
  /** From the first byte sent to the last byte received, redirects included. */
  timeoutMs: count.default(20_000),
  retries: z.int().min(0).default(4),
  /** First back-off after a failed try; doubles, with Retry-After as a floor. */
  backoffMs: z.int().min(0).default(500),
  /** Longest wait for one try; a host that asks for more is left alone for as long as it asks. */
  maxBackoffMs: z.int().min(0).default(60_000),
  maxRedirects: z.int().min(0).default(5),
  /** Requests per second to each image-search API; default: as it documents (docs/crawl.md). */
  commonsPerSecond: z.number().positive().optional(),
  openversePerSecond: z.number().positive().optional(),
  searxngPerSecond: z.number().positive().optional(),
  /** Longest wait that an image-search API may ask for; a longer one ends the run, to be resumed. */
  searchMaxWaitMs: z.int().min(0).default(600_000),
  /**
   * Requests in a row that come to nothing, with no answer from any server in between, before those
   * who answered last are asked whether the network is still there; 0: never.
   */
  outageAfter: z.int().min(0).default(200),
  maxPageBytes: count.default(5_000_000),
  maxImageBytes: count.default(20_000_000),
  /** Let the crawl reach loopback, private and link-local addresses. */
  allowPrivate: z.boolean().default(false),
  /** `HOST:PORT:TO_HOST:TO_PORT`, as curl's --connect-to; empty HOST or PORT matches any. */
  connectTo: z.array(z.string().min(1)).default([]),
  /** Serve /metrics for Prometheus on this port while the crawl runs; 0: any free port. Default: not. */
  metricsPort: z.int().min(0).max(65_535).optional(),
  /** The address that /metrics is served on. */
  metricsHost: z.string().min(1).default('127.0.0.1'),
});

/** What an image may be. The first five are what browsers show; the others only when asked for. */
export const IMAGE_FORMATS = ['jpeg', 'png', 'gif', 'webp', 'avif', 'tiff', 'svg'] as const;

const NO_RULES = {
  minWords: 0,
  maxWords: null,
  minChars: 0,
  maxChars: null,
  languages: [] as string[],
  dropFileNames: false,
  dropAddresses: false,
  dropExposure: false,
  dropBoilerplate: false,
  maxKeywords: null,
  maxRepetition: null,
  maxRepeats: null,
  refusedExtensions: [] as string[],
  formats: ['jpeg', 'png', 'gif', 'webp', 'avif'],
  minBytes: 0,
  animation: 'first-frame',
  minSidePx: 1,
  maxAspectRatio: null,
  // Not a matter of taste: what a decoder may be asked for.
  maxPixels: 50_000_000,
  minEntropy: 0,
  blankRange: -1,
  nearDuplicateBits: -1,
};

/** What each rule's settings are where nothing is said (docs/select.md tells where they come from). */
export const FILTER_PRESETS = {
  wit: {
    ...NO_RULES,
    minWords: 1,
    minChars: 3,
    maxChars: 1_000,
    languages: ['en'],
    dropFileNames: true,
    dropAddresses: true,
    dropExposure: true,
    dropBoilerplate: true,
    maxKeywords: 20,
    maxRepetition: 0.5,
    animation: 'refuse',
    minSidePx: 32,
    maxAspectRatio: 3,
    blankRange: 8,
    nearDuplicateBits: 4,
  },
  none: NO_RULES,
  'datacomp-basic': {
    ...NO_RULES,
    languages: ['en'],
    minWords: 3,
    minChars: 6,
    minSidePx: 200,
    maxAspectRatio: 3,
  },
  laion: {
    ...NO_RULES,
    languages: ['en'],
    minChars: 5,
    maxChars: 2_000,
    refusedExtensions: ['svg', 'gif'],
    formats: ['jpeg', 'png', 'webp'],
    minBytes: 5_000,
    maxPixels: 89_478_484,
  },
  yfcc: { ...NO_RULES, languages: ['en'], dropFileNames: true, dropExposure: true },
};

/** A number, or null for none; absent: the preset's. */
const optionalCount = count.nullable().optional();

const scorerSchema = z.strictObject({
  /** A JavaScript module, a package that is one, or a run or checkpoint folder of ours for its CLIP score. */
  from: z.string().min(1),
  /** Default: the one it gives itself. */
  name: z
    .string()
    .regex(/^[\w-]{1,40}$/)
    .optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  /** Share (above 0, at most 1) of the pairs of each part that stay, those of the highest scores. */
  top: share.gt(0).optional(),
});

export const filterSchema = z
  .strictObject({
    /** What the keys below are where nothing is said. */
    preset: z.enum(Object.keys(FILTER_PRESETS) as (keyof typeof FILTER_PRESETS)[]).default('wit'),
    minWords: z.int().min(0).optional(),
    maxWords: optionalCount,
    minChars: z.int().min(0).optional(),
    maxChars: optionalCount,
    /** ISO 639-1 codes of the languages kept; empty keeps all. */
    languages: z.array(z.string().length(2)).optional(),
    /** Captions that are a file's name. */
    dropFileNames: z.boolean().optional(),
    /** Captions that are a URL or a path. */
    dropAddresses: z.boolean().optional(),
    /** Captions that are exposure settings. */
    dropExposure: z.boolean().optional(),
    /** Captions that would fit any image. */
    dropBoilerplate: z.boolean().optional(),
    /** Keywords in a list of them, at most. */
    maxKeywords: optionalCount,
    /** Share of a caption's words that one word may make up. */
    maxRepetition: share.nullable().optional(),
    /** Images of one host that may share a caption. */
    maxRepeats: optionalCount,
    /** What becomes of captions with e-mail addresses and telephone numbers. */
    personalData: z.enum(['keep', 'drop', 'mask']).default('keep'),
    /** Image URLs that end so are not downloaded: lower case, without the dot. */
    refusedExtensions: z.array(z.string().regex(/^[a-z0-9]{2,5}$/)).optional(),
    /** How captions are matched with queries: `normalized`, or as MetaCLIP's published code does (docs/select.md). */
    matching: z.enum(['normalized', 'metaclip']).default('normalized'),
    /** At most this many pairs are admitted by one query (the paper, §2.2: 20,000). */
    cap: count.default(20_000),
    /** `hard`: no query admits more than the cap. `soft`: MetaCLIP's sampling, about the cap on average. */
    capMode: z.enum(['hard', 'soft']).default('hard'),
    /** Selections wanted: the cap that gives about as many takes the place of `cap`. */
    target: count.optional(),
    /** Formats that are decoded, told by the bytes; others are `unsupported_format`. */
    formats: z.array(z.enum(IMAGE_FORMATS)).min(1).optional(),
    minBytes: z.int().min(0).optional(),
    /** What becomes of images of several frames: `refuse`, or `first-frame` is taken. */
    animation: z.enum(['refuse', 'first-frame']).optional(),
    minSidePx: count.optional(),
    maxAspectRatio: z.number().min(1).nullable().optional(),
    /** Checked from the header, before decoding. */
    maxPixels: count.optional(),
    /** CPU time for decoding one image. */
    maxDecodeMs: count.default(10_000),
    /** Bits of the brightness histogram's entropy, 0 to 8. */
    minEntropy: z.number().min(0).max(8).optional(),
    /** An image whose pixels all lie within this many levels (0–255) of each other is blank; -1: none is. */
    blankRange: z.int().min(-1).max(255).optional(),
    /** Near duplicates: at most this many of the 192 dhash bits differ; -1 turns the rule off. */
    nearDuplicateBits: z.int().min(-1).max(192).optional(),
    /** Evaluation sets whose images must not be among the pairs: folders and Parquet. */
    decontaminate: z.array(z.string().min(1)).default([]),
    /** An image this near to one of theirs is one of theirs; more than for duplicates, since missing one costs more. */
    overlapBits: z.int().min(-1).max(192).default(6),
    /** Scores that pairs get, and must have where there are limits. */
    scorers: z.array(scorerSchema).default([]),
  })
  .transform(({ preset, ...said }) => {
    const known = Object.entries(said).filter(([, value]) => value !== undefined);
    return { preset, ...FILTER_PRESETS[preset], ...Object.fromEntries(known) } as {
      preset: typeof preset;
      target?: number;
    } & { [K in Exclude<keyof typeof said, 'target'>]-?: Exclude<(typeof said)[K], undefined> };
  });

export const shardSchema = z.strictObject({
  /** Short side of the stored image; images are never enlarged. */
  sidePx: count.default(256),
  format: z.enum(['jpeg', 'webp', 'png']).default('jpeg'),
  quality: z.int().min(1).max(100).default(95),
  /** Selections that make one shard (fewer rows are left after losses). */
  selectionsPerShard: count.default(10_000),
  /** Rows in one Parquet row group. */
  rowGroupRows: count.max(10_000).default(500),
});

export const buildSchema = z.strictObject({
  queries: queriesSchema.prefault({}),
  sources: sourcesSchema.prefault({}),
  net: netSchema.prefault({}),
  filter: filterSchema.prefault({}),
  shard: shardSchema.prefault({}),
  seed: z.int().min(0).default(0),
  /** Threads that judge captions in selection; 0: one a core but one, at most 8. Changes no result. */
  workers: z.int().min(0).default(0),
  /**
   * Time written as every row's fetchedAt (ISO 8601). Default: SOURCE_DATE_EPOCH where set, else the
   * moment the dataset was begun; kept when a run is resumed, so that resuming repeats bytes.
   */
  snapshot: z.iso.datetime().optional(),
});
export type BuildConfig = z.infer<typeof buildSchema>;
export type SourcesConfig = z.infer<typeof sourcesSchema>;
export type NetConfig = z.infer<typeof netSchema>;
export type FilterConfig = z.infer<typeof filterSchema>;
export type ShardConfig = z.infer<typeof shardSchema>;

const vit = z.strictObject({
  kind: z.literal('vit'),
  size: count,
  patch: count,
  width: count,
  layers: count,
  heads: count,
});
const resnet = z.strictObject({
  kind: z.literal('resnet'),
  size: count,
  width: count,
  /** Blocks in each stage. CLIP has four stages; fewer suit images of a few dozen pixels. */
  layers: z.array(count).min(1).max(4),
  /** Of the attention pool; default one for 64 channels. */
  heads: count.optional(),
  /** 4 as in CLIP; 1 or 2 keep more of a small image. */
  stemStride: z.union([z.literal(1), z.literal(2), z.literal(4)]).default(4),
});
export const modelSchema = z.strictObject({
  embedDim: count,
  quickGelu: z.boolean().default(true),
  image: z.discriminatedUnion('kind', [vit, resnet]),
  text: z
    .strictObject({
      /** `bag` averages token embeddings (the paper's CBOW, §2.3) and has neither heads nor layers. */
      kind: z.enum(['transformer', 'bag']).default('transformer'),
      context: z.int().min(3).default(77),
      vocab: z.literal(49_408).default(49_408),
      width: count,
      heads: count.optional(),
      layers: count.optional(),
    })
    .refine(
      ({ kind, heads, layers }) =>
        (kind === 'transformer') === (heads !== undefined) &&
        (kind === 'transformer') === (layers !== undefined),
      'a transformer needs heads and layers; a bag has neither',
    ),
});
export type ModelConfig = z.infer<typeof modelSchema>;

/**
 * What the engine does to training images on top of the crop: src/train/engine/wit_engine/augment
 * gives each option's meaning.
 */
export const augmentSchema = z.strictObject({
  /** Size of the content relative to the original: 0.5 shows the image at half size, 2 its middle. */
  scale: z.tuple([z.number().positive(), z.number().positive()]).optional(),
  /** Width over height changes by a factor in [1/aspect, aspect]. */
  aspect: z.number().min(1).optional(),
  /** Degrees to either side. */
  rotate: z.number().min(0).max(180).optional(),
  shear: z.number().min(0).max(60).optional(),
  /** Fraction of the side, to either side. */
  translate: share.optional(),
  /** Probability of a mirror image. */
  flip: share.optional(),
  /** What shows beyond the edges. */
  fill: z.union([z.enum(['edge', 'reflect']), z.tuple([share, share, share])]).optional(),
  brightness: share.optional(),
  contrast: share.optional(),
  saturation: share.optional(),
  /** Turns of the colour circle to either side. */
  hue: z.number().min(0).max(0.5).optional(),
  /** Probability that brightness, contrast, saturation and hue change at all. */
  colour: share.optional(),
  /** Probability of losing all colour. */
  grayscale: share.optional(),
  blur: share.optional(),
  noise: share.optional(),
  erase: share.optional(),
  /** Strength of all this in the first step; it grows to 1 over the run. */
  ramp: share.optional(),
});

export const trainSchema = z.strictObject({
  /** A preset's name (see src/train/models.ts) or a whole model. */
  model: z.union([z.string().min(1), modelSchema]).default('ViT-B-32'),
  /** Optimizer steps; or give `epochs`, for which training waits until the dataset is complete. */
  steps: count.optional(),
  epochs: z.number().positive().optional(),
  batchSize: z.int().min(2).default(256),
  lr: z.number().positive().default(5e-4),
  beta1: z.number().min(0).lt(1).default(0.9),
  beta2: z.number().min(0).lt(1).default(0.98),
  eps: z.number().positive().default(1e-6),
  weightDecay: z.number().min(0).default(0.2),
  warmupSteps: z.int().min(0).default(2_000),
  gradClip: z.number().positive().nullable().default(null),
  /** `auto`: bf16 on a GPU that has it, else fp32; `fast`: bf16 also on a CPU that computes it natively. */
  precision: z.enum(['auto', 'fp32', 'bf16', 'fast']).default('auto'),
  gradientCheckpointing: z.boolean().default(false),
  /** Random square crop is CLIP's only augmentation and always on; what stands here comes on top. */
  augment: augmentSchema.default({}),
  /** Draw each sample's text from text and other_texts anew in each epoch, instead of text alone. */
  sampleTexts: z.boolean().default(false),
  device: z.enum(['auto', 'cpu', 'cuda', 'mps']).default('auto'),
  threads: count.nullable().default(null),
  checkpointEvery: count.default(1_000),
  logEvery: count.default(20),
  seed: z.int().min(0).default(0),
  /** Batches the engine may have outstanding. */
  prefetch: count.default(4),
  /** Row groups shuffled together. */
  shuffleRowGroups: count.default(16),
  /** Compare the SHA-256 of each shard with the manifest's before its first row is used. */
  verifyShards: z.boolean().default(true),
  /** Decoded images kept in memory between epochs, at most. */
  cacheBytes: z.int().min(0).default(256_000_000),
});
export type TrainConfig = z.infer<typeof trainSchema>;

export const evalSchema = z.strictObject({
  batchSize: count.default(256),
  /** Prompt templates; `{}` stands for the class name. Several are averaged in embedding space. */
  templates: z.array(z.string().includes('{}')).min(1).default(['a photo of a {}.']),
  device: z.enum(['auto', 'cpu', 'cuda', 'mps']).default('auto'),
  precision: z.enum(['auto', 'fp32', 'bf16']).default('auto'),
  threads: count.nullable().default(null),
});
export type EvalConfig = z.infer<typeof evalSchema>;

/** How datasets of others become one of ours (`wit shard import`). */
export const importSchema = z.strictObject({
  /** `auto`: tars where there are any, else Parquet, else files. */
  from: z.enum(['auto', 'webdataset', 'parquet', 'files']).default('auto'),
  /** Of Parquet: bytes, or a struct with `bytes`. Default: the first such column. */
  imageColumn: z.string().min(1).optional(),
  /** Of Parquet and of JSON beside images. Default: the first of `text`, `caption`, `txt`, `TEXT` and some others. */
  textColumn: z.string().min(1).optional(),
  urlColumn: z.string().min(1).default('url'),
  /** Columns kept in `extra`; default: all that have no column of their own. */
  extraColumns: z.array(z.string().min(1)).optional(),
  /** `keep`: JPEG, PNG and WebP stay as they are; `normalise`: all become what the crawl stores (`shard`). */
  images: z.enum(['keep', 'normalise']).default('keep'),
});
export type ImportConfig = z.infer<typeof importSchema>;

export const configSchema = z.strictObject({
  ...buildSchema.shape,
  queryBuild: queryBuildSchema.prefault({}),
  import: importSchema.prefault({}),
  train: trainSchema.prefault({}),
  eval: evalSchema.prefault({}),
});
export type Config = z.infer<typeof configSchema>;

/** The settings of a crawl alone. */
export function buildConfigOf(config: Config): BuildConfig {
  const { queryBuild: _lists, import: _import, train: _train, eval: _eval, ...build } = config;
  return build;
}

/** What a file or flags may say: any part of a Config. */
export type PartialConfig = z.input<typeof configSchema>;

/**
 * Resolves settings: `overrides` (flags) win over the file, the file over the defaults.
 * @throws WitError `config` naming the file, the key, the value received and what was expected.
 */
export async function resolveConfig(
  overrides: PartialConfig,
  file: string | undefined,
): Promise<Config> {
  const fromFile = file === undefined ? {} : await readConfigFile(file);
  return validateConfig(configSchema, merge(fromFile, overrides), file ?? 'flags');
}

/** Validates `value` against a schema of this file. */
export function validateConfig<S extends z.ZodType>(
  schema: S,
  value: unknown,
  where: string,
): z.output<S> {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => {
    const path = issue.path.join('.') || '(top level)';
    const received = 'input' in issue ? `, received ${JSON.stringify(issue.input)}` : '';
    return `${path}: ${issue.message}${received}`;
  });
  throw new WitError('config', `Invalid settings (${where}):\n  ${lines.join('\n  ')}`, {
    hint: 'wit COMMAND --help lists the flags; docs/config.md lists every key of wit.yaml.',
  });
}

async function readConfigFile(file: string): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new WitError('missing_file', `Cannot read settings file ${file}: ${messageOf(cause)}`, {
      cause,
    });
  }
  let value: unknown;
  try {
    value = parse(text);
  } catch (cause) {
    throw new WitError('config', `${file} is not valid YAML: ${messageOf(cause)}`, { cause });
  }
  if (value === null || value === undefined) return {};
  if (!isPlainObject(value)) {
    throw new WitError('config', `${file}: expected a mapping of settings at the top level`);
  }
  return value;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Settings on top of settings: `over` wins wherever it says something. */
export function mergeSettings(base: PartialConfig, over: PartialConfig): PartialConfig {
  return merge(base, over) as PartialConfig;
}

/** Deep merge; `over` wins, arrays are replaced whole, undefined means "not said". */
function merge(
  base: Record<string, unknown>,
  over: Record<string, unknown>,
): Record<string, unknown> {
  const out: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined) continue;
    const before = out[key];
    out[key] = isPlainObject(before) && isPlainObject(value) ? merge(before, value) : value;
  }
  return out;
}
