/**
 * The statistics of a dataset, as written to report/stats.json, and what they are made from.
 *
 * `Stats` plus the optional run results (`Extras`) is the documented schema of stats.json: every
 * field that is not optional is always present, counts are exact integers unless the field says
 * otherwise, and lists are sorted (most first, ties by name). A change that would break a reader
 * raises `SCHEMA_VERSION`.
 */

import type { Reason } from '../core/reasons.js';
import type { StageName, TextSource } from '../core/types.js';

export const SCHEMA_VERSION = 1;

/** What to read. Paths are relative to `dir`, in the manifest's order. */
export interface StatsInput {
  readonly dir: string;
  /** Shown as the title; default: the folder's name. */
  readonly name?: string;
  /** False while the dataset is still growing: its counts need not add up yet. */
  readonly complete: boolean;
  /** ISO 8601: when the dataset was begun. */
  readonly snapshot: string;
  readonly outputs: {
    readonly candidates: readonly string[];
    readonly selected: readonly string[];
    readonly shards: readonly string[];
    readonly rejects: readonly string[];
  };
  /** Pages read by discovery; 0 when candidates came from lists. */
  readonly pages: number;
  readonly queries: {
    /** Queries in the list. */
    readonly count: number;
    /** What selection counted for each query (queries.parquet); absent before it has run. */
    readonly file?: string;
    /** The cap that selection applied; default: the one in the settings. */
    readonly cap?: number;
  };
  /** The settings the dataset was built with; shown in the report and used for cap and seed. */
  readonly config: { readonly seed: number; readonly filter: { readonly cap: number } };
}

/** `count` things of one name. */
export interface Named<Name extends string = string> {
  readonly name: Name;
  readonly count: number;
}

/** The most frequent names and what they leave out. */
export interface Ranking<Name extends string = string> {
  readonly top: readonly Named<Name>[];
  /** How many different names there are; null when there were too many to remember all. */
  readonly distinct: number | null;
  /** Sum of all counts, also of the names not listed. */
  readonly total: number;
  /** Every count in `top` is at most this much too low. 0: exact. */
  readonly error: number;
}

/** Counts of values in [from, to); the last bin also holds `to` and everything above. */
export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** How numbers are spread. The quantiles are values that occur (nearest rank). Zeros when empty. */
export interface Distribution {
  readonly count: number;
  readonly min: number;
  readonly p10: number;
  readonly median: number;
  readonly p90: number;
  readonly max: number;
  readonly mean: number;
  readonly bins: readonly Bin[];
}

export interface LossSample {
  readonly text: string;
  readonly url: string;
  readonly pageUrl?: string;
  readonly detail?: string;
}

export interface LossCount {
  readonly reason: Reason;
  readonly count: number;
  /** Which evaluation sets or scorers refused how many, most first; for reasons that have such. */
  readonly by?: readonly Named[];
  /** Up to 5, chosen by seeded rank; long texts are cut. */
  readonly samples: readonly LossSample[];
}

export interface StageLosses {
  readonly stage: StageName;
  readonly count: number;
  readonly reasons: readonly LossCount[];
}

export interface FunnelStats {
  readonly pages: number;
  readonly candidates: number;
  readonly selected: number;
  /** Images whose bytes arrived: kept, or lost to a rule about the image itself. */
  readonly fetched: number;
  readonly kept: number;
  /**
   * candidates − selected − lost in select, and selected − kept − lost in fetch and shard. Both are
   * 0 in a complete dataset: nothing was lost without a reason.
   */
  readonly unaccounted: { readonly select: number; readonly fetch: number };
}

export interface QueryRow {
  readonly query: string;
  /** Candidates whose text contains it. */
  readonly matched: number;
  /** Admitted by it: at most the cap, or about the cap where it is soft. */
  readonly admitted: number;
  /** Selected candidates whose text contains it, whichever query admitted them. */
  readonly selected: number;
  /** Rows of the dataset whose text contains it, whichever query admitted them. */
  readonly kept: number;
}

/** A point of a rank–frequency curve: the query of rank `rank` (from 1) has `count` pairs. */
export interface RankPoint {
  readonly rank: number;
  readonly count: number;
}

export interface QueryStats {
  /** In the list. */
  readonly count: number;
  /** With at least one candidate. */
  readonly matched: number;
  /** Found in the text of at least one row of the dataset. */
  readonly kept: number;
  readonly cap: number;
  /** (candidate, query) matches before the cap. */
  readonly matches: number;
  /** (candidate, query) admissions after the cap. */
  readonly admissions: number;
  /** (selection, query) matches, whichever query admitted the selection. */
  readonly selections: number;
  /** Queries in the text of at least one selection. */
  readonly selected: number;
  /** Queries with at least as many matches as the cap, the head, and what they hold of the above. */
  readonly atCap: number;
  readonly atCapMatches: number;
  readonly atCapSelections: number;
  /** Rank–frequency curves, thinned to about 200 points at even steps of log(rank). */
  readonly curves: {
    readonly matched: readonly RankPoint[];
    readonly admitted: readonly RankPoint[];
    readonly selected: readonly RankPoint[];
  };
  /** The queries with the most and with the fewest matches (at least one). */
  readonly head: readonly QueryRow[];
  readonly tail: readonly QueryRow[];
}

export interface CaptionStats {
  readonly words: Distribution;
  /** UTF-16 code units. */
  readonly chars: Distribution;
  /** Where the texts of candidates came from. */
  readonly sources: Ranking<TextSource>;
  /** ISO 639-1 codes of kept captions, `und` where undetermined. */
  readonly languages: Ranking;
  /** Captions whose language was looked at: all, or a seeded sample of a large dataset. */
  readonly languagesOf: number;
}

export interface ImageStats {
  /** Short side in pixels, as downloaded and as stored. */
  readonly originalSide: Distribution;
  readonly storedSide: Distribution;
  /** width ÷ height as stored. */
  readonly aspect: Distribution;
  /** Formats of the stored images. */
  readonly formats: Ranking;
  /** Rows stored below the size they were downloaded in. */
  readonly reduced: number;
}

export interface HostRow {
  readonly host: string;
  readonly candidates: number;
  readonly kept: number;
}

export interface ProvenanceStats {
  /** Hosts of image URLs, by candidates. */
  readonly hosts: {
    readonly top: readonly HostRow[];
    readonly distinct: number | null;
    readonly error: number;
  };
  /** Hosts that at least one row of the dataset comes from. */
  readonly keptHosts: number | null;
  /** Which source found the candidates: web, list, … */
  readonly sources: Ranking;
  /** Licences of kept rows; `unknown` where none was stated. */
  readonly licences: Ranking;
}

/** One row of the dataset, drawn by seeded rank. Long texts are cut. */
export interface Sample {
  readonly key: string;
  readonly text: string;
  readonly url: string;
  readonly pageUrl?: string;
  readonly queries: readonly string[];
  readonly width: number;
  readonly height: number;
  readonly originalWidth: number;
  readonly originalHeight: number;
  /** A small picture as a data: URI; left out of stats.json. */
  readonly thumbnail?: string;
}

export interface Stats {
  readonly schemaVersion: typeof SCHEMA_VERSION;
  readonly name: string;
  readonly complete: boolean;
  readonly snapshot: string;
  /** Bytes of the shard files, and how many there are. */
  readonly bytes: number;
  readonly shards: number;
  readonly funnel: FunnelStats;
  /** In the order of the stages; stages without losses are left out. */
  readonly losses: readonly StageLosses[];
  readonly queries: QueryStats;
  readonly captions: CaptionStats;
  readonly images: ImageStats;
  readonly provenance: ProvenanceStats;
  readonly samples: readonly Sample[];
  readonly config: unknown;
}

/** One logged training step. Any other metric (lr, logit scale, samples/s, …) is drawn as well. */
export interface TrainingPoint {
  readonly step: number;
  readonly loss: number;
  readonly [metric: string]: number;
}

export interface TrainingResult {
  readonly points: readonly TrainingPoint[];
  /** The loss of guessing: ln(batch size). Drawn as a line. */
  readonly chanceLoss?: number;
  /** Facts worth showing beside the curve: `['Model', 'ResNet, 24 px']`, … */
  readonly facts?: readonly (readonly [string, string])[];
}

/** Shares are 0–1. */
export interface ClassificationResult {
  readonly name: string;
  /** One sentence: what was held out. */
  readonly note?: string;
  /** Images and classes. */
  readonly n: number;
  readonly classes: number;
  readonly top1: number;
  readonly top5?: number;
  readonly chance: number;
  /** Top-1 of the nearest neighbour in pixel space. */
  readonly nearestNeighbour?: number;
}

export interface Recalls {
  readonly r1: number;
  readonly r5: number;
  readonly r10: number;
}

export interface RetrievalResult {
  readonly name: string;
  readonly note?: string;
  /** Pairs searched. */
  readonly n: number;
  readonly imageToText: Recalls;
  readonly textToImage: Recalls;
  readonly chance?: Recalls;
}

/** Results of runs on the dataset, shown in the same report when given. */
export interface Extras {
  readonly training?: TrainingResult;
  readonly evaluation?: readonly ClassificationResult[];
  readonly retrieval?: readonly RetrievalResult[];
}

/** The whole of stats.json: `samples` come without their thumbnails. */
export type StatsFile = Stats & Extras;
