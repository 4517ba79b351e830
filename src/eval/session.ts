/**
 * An evaluation session with the engine: one checkpoint, embeddings kept there by name, and questions
 * about them. Images and texts stream through in batches; nothing holds a whole set.
 */

import { availableParallelism } from 'node:os';
import type { EvalConfig } from '../config.js';
import { messageOf, WitError } from '../core/errors.js';
import { mapOrdered } from '../core/ordered.js';
import {
  type Checkpoint,
  centreCorner,
  copySquare,
  decodeImage,
  EngineClient,
  findCheckpoint,
  Tokenizer,
} from '../train/index.js';
import type { ImageSet } from './sets.js';

/** Decoders at work at once: what keeps every core busy. */
const DECODERS = 2 * availableParallelism();

export interface SessionInput {
  /** A checkpoint folder, or a run's folder for its newest. */
  readonly checkpoint: string;
  readonly python: string;
  readonly config: EvalConfig;
}

export class EvalSession {
  readonly checkpoint: Checkpoint;
  readonly #engine: EngineClient;
  readonly #batchSize: number;
  readonly #signal: AbortSignal;
  readonly #tokenizer = new Tokenizer();

  private constructor(
    checkpoint: Checkpoint,
    engine: EngineClient,
    batchSize: number,
    signal: AbortSignal,
  ) {
    this.checkpoint = checkpoint;
    this.#engine = engine;
    this.#batchSize = batchSize;
    this.#signal = signal;
  }

  /** @throws WitError `missing_file` or `bad_file` for the checkpoint, `engine`, `environment`. */
  static async open(input: SessionInput, signal: AbortSignal): Promise<EvalSession> {
    const { python, config } = input;
    const checkpoint = await findCheckpoint(input.checkpoint);
    const { engine } = await EngineClient.start(
      { python, signal },
      {
        op: 'evaluate',
        checkpoint: checkpoint.path,
        device: config.device,
        precision: config.precision,
        threads: config.threads,
      },
    );
    return new EvalSession(checkpoint, engine, config.batchSize, signal);
  }

  /**
   * Embeds the centre squares of all images of a set under the name `into`.
   * @param onProgress receives the number of images sent so far
   * @throws WitError `bad_file` naming an image that cannot be decoded.
   */
  async embedImages(
    set: ImageSet,
    into: string,
    onProgress: (done: number) => void,
  ): Promise<void> {
    const { size } = this.checkpoint.config.model.image;
    const bytes = size * size * 3;
    await this.#request({ op: 'embed_images', into, count: set.size }, async (request) => {
      const decoded = mapOrdered(
        set.images(),
        async ({ name, bytes: stored }) => {
          try {
            return await decodeImage(stored, size);
          } catch (cause) {
            throw new WitError('bad_file', `Cannot decode ${name}: ${messageOf(cause)}`, { cause });
          }
        },
        { concurrency: DECODERS, signal: this.#signal },
      );
      let done = 0;
      let images = new Uint8Array(0);
      let filled = 0;
      for await (const pixels of decoded) {
        // A new array each time: the socket may still be sending the one before.
        if (filled === 0)
          images = new Uint8Array(Math.min(this.#batchSize, set.size - done) * bytes);
        copySquare(pixels, centreCorner(pixels, size), size, images, filled * bytes);
        filled++;
        if (filled * bytes < images.length) continue;
        const shape = [filled, size, size, 3];
        const taken = await this.#engine.sendBatch({ request, position: done }, [
          { name: 'images', shape, data: images },
        ]);
        if (!taken) return;
        done += filled;
        filled = 0;
        onProgress(done);
      }
    });
  }

  /**
   * Embeds texts under the name `into`: one row a text, or, with `groups`, one row a group, the mean
   * of its texts' embeddings.
   */
  async embedTexts(
    texts: readonly string[],
    into: string,
    groups?: { readonly of: Int32Array; readonly count: number },
  ): Promise<void> {
    const { context } = this.checkpoint.config.model.text;
    const count = texts.length;
    const request = { op: 'embed_texts', into, count, groups: groups?.count };
    await this.#request(request, async (id) => {
      for (let start = 0; start < count; start += this.#batchSize) {
        const part = texts.slice(start, start + this.#batchSize);
        const tensors = [
          {
            name: 'tokens',
            shape: [part.length, context],
            data: this.#tokenizer.tokenize(part, context),
          },
        ];
        if (groups !== undefined) {
          const data = groups.of.slice(start, start + part.length);
          tensors.push({ name: 'group', shape: [part.length], data });
        }
        if (!(await this.#engine.sendBatch({ request: id, position: start }, tensors))) return;
      }
    });
  }

  /** For each row of `images`, the indices of the `k` nearest rows of `classes`, nearest first. */
  async classify(images: string, classes: string, k: number): Promise<number[][]> {
    const { topk } = await this.#request({ op: 'classify', images, classes, k });
    return topk as number[][];
  }

  /**
   * For each row of `queries`, how many rows of `gallery` outside its group are at least as near as
   * the nearest one inside: 0 when the best answer is right.
   */
  async retrieve(
    queries: { readonly name: string; readonly groups: readonly number[] },
    gallery: { readonly name: string; readonly groups: readonly number[] },
  ): Promise<number[]> {
    const { ranks } = await this.#request({
      op: 'retrieve',
      queries: queries.name,
      gallery: gallery.name,
      query_group: queries.groups,
      gallery_group: gallery.groups,
    });
    return ranks as number[];
  }

  /** For each row of `images`, its cosine with the same row of `texts`. */
  async cosines(images: string, texts: string): Promise<number[]> {
    const { cosines } = await this.#request({ op: 'cosines', images, texts });
    return cosines as number[];
  }

  /** Writes the rows of a name as safetensors, under the key `features`. */
  async save(name: string, path: string): Promise<void> {
    await this.#request({ op: 'save', name, path });
  }

  /** Ends the engine. Never throws. */
  async close(): Promise<void> {
    await this.#engine.stop();
  }

  async #request(
    request: Readonly<Record<string, unknown>>,
    batches?: (id: number) => Promise<void>,
  ): Promise<Record<string, unknown>> {
    try {
      return await this.#engine.request(request, batches);
    } catch (error) {
      this.#signal.throwIfAborted();
      throw error;
    }
  }
}
