/**
 * What a source of candidates is: it plans its work as plain data (units, in rounds), and does one
 * unit at a time. The same plan and the same web give the same units, so a rerun can skip those that
 * are committed. Links found in one round feed the plan of the next.
 */

import type { Candidate, Reject } from './types.js';

/** One atomic piece of discovery. `id` is a stable, file-name-safe name; `input` is plain JSON. */
export interface SourceUnit<Input = unknown> {
  readonly id: string;
  readonly input: Input;
}

export interface SourceResult {
  candidates: Candidate[];
  /** Pages and rows that were lost, with stage `discover`. */
  rejects: Reject[];
  /** Absolute URLs that the next round may visit, in document order; not yet checked or deduplicated. */
  links: string[];
  /** For the funnel: e.g. `{pages: 40, rows: 1000}`. */
  counts: Record<string, number>;
}

interface Planned<Input> {
  readonly name: string;
  /**
   * The units of `round` (from 0), given the links of all units of the round before, in unit order.
   * Called once for each round in order, also when resuming, so a source may keep what it has seen.
   * An empty plan ends the source.
   */
  plan(round: number, links: readonly string[]): Promise<SourceUnit<Input>[]>;
}

export interface Source<Input = unknown> extends Planned<Input> {
  /** Never throws for a bad page or row: that is a reject. Throws on abort and on fatal errors. */
  run(unit: SourceUnit<Input>, signal: AbortSignal): Promise<SourceResult>;
}

/** A source whose units may give more than memory should hold at once. */
export interface StreamingSource<Input = unknown> extends Planned<Input> {
  /** What a unit gives, piece by piece; the counts of the pieces add up. Throws as `run` does. */
  stream(unit: SourceUnit<Input>, signal: AbortSignal): AsyncIterable<SourceResult>;
}

export type AnySource = Source | StreamingSource;
