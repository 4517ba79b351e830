/**
 * What a source of candidates is: it plans its work as plain data (units, in rounds), and does one
 * unit at a time. The same plan and the same web give the same units, so a rerun can skip those that
 * are committed. Links found in one round feed the plans of the rounds after it.
 */

import type { Candidate, Reject } from './types.js';

/** One atomic piece of discovery. `id` is a stable, file-name-safe name; `input` is plain JSON. */
export interface SourceUnit<Input = unknown> {
  readonly id: string;
  readonly input: Input;
  /** How much work it is, in the source's own measure: pages, rows, files, queries. */
  readonly size: number;
}

export interface SourceResult {
  candidates: Candidate[];
  /** Pages and rows that were lost, with stage `discover`. */
  rejects: Reject[];
  /** What later rounds may visit, in the source's own spelling; repetitions are allowed. */
  links: string[];
  /** For the funnel: e.g. `{pages: 40, rows: 1000}`. */
  counts: Record<string, number>;
  /**
   * How much of the unit's `size` this was, for whoever watches. What no piece of a unit tells is done
   * when the unit is.
   */
  worked?: number;
}

/** The links that the units of one round found, on disk. */
export interface Links {
  /** Of their content: the same links in the same units have the same digest. */
  readonly digest: string;
  /** In unit order, some thousands at a time. */
  batches(): AsyncIterable<readonly string[]>;
}

/** What a plan may build on. */
export interface PlanContext {
  /** What the units of an earlier round found. */
  links(round: number): Links;
  /**
   * Where the source may keep what it has worked out so far; not made yet. It lasts from one run to
   * the next but may be lost between them, so nothing may stand there that does not follow from the
   * links. It is removed when the source has ended.
   */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** To be told the sizes of all units of the round together, before the first of them. */
  expect(size: number): void;
}

interface Planned<Input> {
  readonly name: string;
  /**
   * The units of `round` (from 0), one after another: a plan may be longer than memory. Rounds are
   * planned in order, when all units of the round before are done; a run that goes on begins with the
   * first round that is not done. A round without units ends the source.
   */
  plan(round: number, context: PlanContext): AsyncIterable<SourceUnit<Input>>;
  /** Gives back what the source holds (open files). */
  close?(): Promise<void>;
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

export type AnySource<Input = unknown> = Source<Input> | StreamingSource<Input>;
