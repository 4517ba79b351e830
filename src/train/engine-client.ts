/**
 * One engine process: started, spoken to, and always ended. Control lines go to its stdin, events
 * come from its stdout, batches go through a Unix socket under the engine's credit
 * (docs/engine-protocol.md). An engine that dies fails every call that waits on it, with its last
 * words. However the caller ends, the process ends too: it is stopped through stdin, killed when it
 * does not leave in time, and killed when this process exits; should this process be killed, the
 * engine sees its stdin close.
 */

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { messageOf, WitError } from '../core/errors.js';
import {
  type EngineEvent,
  parseEvent,
  type ReadyEvent,
  type ResultEvent,
} from './engine-events.js';
import { engineFolder } from './environment.js';
import { FrameReader, type Tensor, writeFrame } from './frames.js';

export interface EngineOptions {
  /** The Python to run it with. */
  readonly python: string;
  /** An abort asks the engine to stop, as `stop` does. */
  readonly signal?: AbortSignal;
  /** Time to leave after being asked to, before it is killed. Default 20 s. */
  readonly graceMs?: number;
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** Lines of stderr kept for error messages. */
const STDERR_LINES = 12;

/** Unix socket paths hold 104 bytes on macOS, 108 on Linux. */
const MAX_SOCKET_PATH = 100;

export class EngineClient {
  readonly #child: Child;
  readonly #graceMs: number;
  readonly #stderr: string[] = [];
  readonly #queue: EngineEvent[] = [];
  readonly #requests = new Map<
    number,
    { resolve: (result: ResultEvent) => void; reject: (error: unknown) => void }
  >();
  readonly #frames = new FrameReader();
  /** Rejects when the engine fails. */
  readonly #failed: Promise<never>;
  #fail: (error: unknown) => void = () => {};
  #failure: unknown;
  /** Resolves when the process is gone. */
  readonly #gone: Promise<void>;
  #socket: Socket | undefined;
  #credit = 0;
  #wake: (() => void) | undefined;
  #ended = false;
  #stopping = false;
  #lastWords: string | undefined;
  #lastStep = 0;
  #lastCheckpoint: string | undefined;
  #nextId = 1;

  private constructor(child: Child, graceMs: number) {
    this.#child = child;
    this.#graceMs = graceMs;
    this.#failed = new Promise<never>((_, reject) => {
      this.#fail = (error) => {
        this.#failure ??= error;
        reject(this.#failure);
        for (const request of this.#requests.values()) request.reject(this.#failure);
        this.#requests.clear();
        this.#wake?.();
      };
    });
    // Whoever waits gets it; when nobody does, it is not "unhandled".
    this.#failed.catch(() => {});
    createInterface({ input: child.stdout }).on('line', (line) => this.#onLine(line));
    createInterface({ input: child.stderr }).on('line', (line) => {
      this.#stderr.push(line);
      if (this.#stderr.length > STDERR_LINES) this.#stderr.shift();
    });
    // Writing to an engine that has died fails; the exit is what gets reported.
    child.stdin.on('error', () => {});
    const killOnExit = (): void => {
      child.kill('SIGKILL');
    };
    process.on('exit', killOnExit);
    this.#gone = new Promise((resolve) => {
      const gone = (failure: WitError | undefined): void => {
        process.off('exit', killOnExit);
        this.#ended = true;
        if (failure !== undefined) this.#fail(failure);
        for (const request of this.#requests.values()) {
          request.reject(new WitError('engine', 'The engine ended before it had answered'));
        }
        this.#wake?.();
        this.#socket?.destroy();
        resolve();
      };
      child.on('error', (cause) => gone(cannotStart(child, cause)));
      child.on('close', (code, signal) => gone(this.#judge(code, signal)));
    });
  }

  /**
   * Starts an engine, sends it its first control line and waits until it is ready.
   * @throws WitError `environment` when Python cannot be run, `engine` with the engine's last words
   * when it fails; the signal's reason on abort.
   */
  static async start(
    options: EngineOptions,
    first: Readonly<Record<string, unknown>>,
  ): Promise<{ engine: EngineClient; ready: ReadyEvent }> {
    const { python, signal, graceMs = 20_000 } = options;
    signal?.throwIfAborted();
    const folder = await socketFolder();
    const path = join(folder, 'data.sock');
    const server = createServer();
    server.listen(path);
    let engine: EngineClient | undefined;
    try {
      await once(server, 'listening');
      const packages = [engineFolder, process.env.PYTHONPATH].filter(Boolean).join(delimiter);
      const child = spawn(python, ['-m', 'wit_engine', '--socket', path], {
        stdio: ['pipe', 'pipe', 'pipe'],
        env: { ...process.env, PYTHONPATH: packages, PYTHONUNBUFFERED: '1' },
        // A process group of its own: Ctrl-C reaches this process, which then stops the engine.
        detached: true,
      });
      engine = new EngineClient(child, graceMs);
      const client = engine;
      server.once('connection', (socket) => client.#onConnection(socket));
      signal?.addEventListener('abort', client.#onAbort, { once: true });
      void client.#gone.then(() => signal?.removeEventListener('abort', client.#onAbort));
      client.#send(first);
      const event = await client.next();
      signal?.throwIfAborted();
      if (event?.type !== 'ready') {
        throw new WitError('engine', `The engine began with ${event?.type ?? 'nothing'}`);
      }
      return { engine: client, ready: event };
    } catch (error) {
      await engine?.stop();
      signal?.throwIfAborted();
      throw error;
    } finally {
      server.close();
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Process id. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * The next event; undefined when the engine has ended in order.
   * @throws WitError `engine` when it failed.
   */
  async next(): Promise<EngineEvent | undefined> {
    while (this.#queue.length === 0) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#ended) return undefined;
      await this.#changed();
    }
    return this.#queue.shift();
  }

  /** The events from now on, until the engine ends. */
  async *events(): AsyncGenerator<EngineEvent> {
    for (let event = await this.next(); event !== undefined; event = await this.next()) yield event;
  }

  /**
   * Sends a batch frame when the engine has room for it. Calls must not overlap.
   * @returns false when the engine has ended in order and takes no more
   * @throws WitError `engine` when it failed.
   */
  async sendBatch(
    header: Readonly<Record<string, unknown>>,
    tensors: readonly Tensor[],
  ): Promise<boolean> {
    while (this.#credit === 0) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#ended || this.#stopping) return false;
      await this.#creditChanged();
    }
    this.#credit--;
    const written = writeFrame(this.#socket as Socket, { type: 'batch', ...header }, tensors);
    written.catch(() => {});
    // A socket that closes under the write says less than the engine's end does.
    await Promise.race([written.catch(() => this.#gone), this.#failed, this.#gone]);
    return !this.#ended;
  }

  /**
   * Sends a request of an evaluation session, and the batches that belong to it.
   * @returns the fields of its result
   * @throws WitError `engine` with the engine's message.
   */
  async request(
    request: Readonly<Record<string, unknown>>,
    batches?: (id: number) => Promise<void>,
  ): Promise<ResultEvent> {
    if (this.#failure !== undefined) throw this.#failure;
    const id = this.#nextId++;
    const result = new Promise<ResultEvent>((resolve, reject) => {
      this.#requests.set(id, { resolve, reject });
    });
    result.catch(() => {});
    this.#send({ id, ...request });
    if (batches !== undefined) await Promise.race([batches(id), result]);
    return await Promise.race([result, this.#failed]);
  }

  /**
   * Asks the engine to stop (a training session saves a checkpoint first), waits until it is gone,
   * and kills it when that takes longer than `graceMs`. Never throws; events stay readable.
   */
  async stop(): Promise<void> {
    if (!this.#stopping) {
      this.#stopping = true;
      this.#wake?.();
      this.#child.stdin.end();
    }
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), this.#graceMs);
    await this.#gone;
    clearTimeout(timer);
  }

  readonly #onAbort = (): void => {
    void this.stop();
  };

  #send(line: Readonly<Record<string, unknown>>): void {
    if (this.#child.stdin.writable) this.#child.stdin.write(`${JSON.stringify(line)}\n`);
  }

  #onLine(line: string): void {
    let event: EngineEvent;
    try {
      event = parseEvent(line);
    } catch (error) {
      this.#fail(error);
      this.#child.kill('SIGKILL');
      return;
    }
    if (event.type === 'step') this.#lastStep = event.step;
    if (event.type === 'checkpoint') {
      this.#lastCheckpoint = event.path;
      this.#lastStep = event.step;
    }
    if (event.type === 'error' && event.id === undefined) {
      this.#lastWords = event.message;
    } else if (event.type === 'result' || event.type === 'error') {
      const request = this.#requests.get(event.id as number);
      this.#requests.delete(event.id as number);
      if (event.type === 'result') request?.resolve(event);
      else request?.reject(new WitError('engine', `The engine: ${event.message}`));
    } else {
      this.#queue.push(event);
      this.#wake?.();
    }
  }

  #onConnection(socket: Socket): void {
    this.#socket = socket;
    // The engine's exit is what gets reported.
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const { type, batches } of this.#frames.push(chunk)) {
          if (type === 'credit' && typeof batches === 'number') this.#credit += batches;
        }
        this.#creditWake?.();
      } catch (error) {
        this.#fail(error);
        this.#child.kill('SIGKILL');
      }
    });
  }

  /** What the end of the process means; undefined when it ended in order. */
  #judge(code: number | null, signal: NodeJS.Signals | null): WitError | undefined {
    if (code === 0) return undefined;
    const how = signal === null ? `exit code ${code}` : `killed by ${signal}`;
    const kept =
      this.#lastCheckpoint === undefined
        ? 'no checkpoint was written yet'
        : `the last checkpoint is ${this.#lastCheckpoint}`;
    const where = this.#lastStep > 0 ? ` after step ${this.#lastStep}` : '';
    const said = this.#lastWords === undefined ? '' : `: ${this.#lastWords}`;
    const stderr =
      this.#stderr.length === 0 ? '' : `\nIts last lines:\n  ${this.#stderr.join('\n  ')}`;
    const hints: string[] = [];
    if (this.#stderr.some((line) => line.includes('No module named'))) {
      hints.push(
        'This Python lacks what the engine needs: `wit doctor` says what and how to mend it.',
      );
    }
    if (signal === 'SIGKILL' && !this.#stopping) {
      hints.push(
        'The system kills processes when memory runs out: a smaller train.batchSize or ' +
          'train.gradientCheckpointing needs less.',
      );
    }
    if (this.#lastCheckpoint !== undefined) {
      hints.push('Run the same command again to go on from the last checkpoint.');
    }
    const message = `The engine stopped${where} (${how}; ${kept})${said}${stderr}`;
    return new WitError('engine', message, hints.length === 0 ? {} : { hint: hints.join('\n  ') });
  }

  #creditWake: (() => void) | undefined;

  /** Resolves at the next event, failure or end. */
  async #changed(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = () => {
        this.#wake = undefined;
        resolve();
      };
    });
  }

  /** Resolves at the next grant of credit, failure or end. */
  async #creditChanged(): Promise<void> {
    const credit = new Promise<void>((resolve) => {
      this.#creditWake = resolve;
    });
    await Promise.race([credit, this.#failed, this.#gone]);
  }
}

function cannotStart(child: Child, cause: unknown): WitError {
  return new WitError('environment', `Cannot run ${child.spawnfile}: ${messageOf(cause)}`, {
    cause,
    hint: '`wit doctor` says which Python is used and how to mend it.',
  });
}

async function socketFolder(): Promise<string> {
  const short = join(tmpdir(), 'wit-XXXXXX', 'data.sock').length <= MAX_SOCKET_PATH;
  return await mkdtemp(join(short ? tmpdir() : '/tmp', 'wit-'));
}
