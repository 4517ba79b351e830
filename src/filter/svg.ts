/**
 * SVG, for those who ask for it (`filter.formats`). An SVG is a program: a few hundred kilobytes of it
 * keep a renderer at work for minutes, and native code cannot be interrupted. So it is drawn in a
 * process of its own, which is ended when it takes too long. That process has nothing to give away:
 * no environment, no input or output but the channel; librsvg reads no files and asks no network.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Loss } from '../core/reasons.js';
import { packageRoot } from '../core/version.js';
import type { Drawing } from './svg-process.js';

/** A million elements of XML take gigabytes of memory; drawings on the web are far smaller. */
const MAX_SVG_BYTES = 1_000_000;
/** For one drawing. */
const MAX_RENDER_MS = 5_000;
/** How far into a file its `<svg` is looked for: past a prolog and comments. */
const REACH = 4_096;
/** Processes run compiled code, also where the rest runs from its TypeScript. */
const PROCESS = join(packageRoot, 'dist', 'src', 'filter', 'svg-process.js');

export type RenderedSvg =
  | { readonly ok: true; readonly png: Buffer }
  | { readonly ok: false; readonly loss: Loss };

/** True for what begins as an SVG and not as a page with one in it. */
export function looksLikeSvg(file: Buffer): boolean {
  const start = file.toString('latin1', 0, REACH);
  return /<svg[\s>]/i.test(start) && !/<html[\s>]/i.test(start);
}

/** Draws `svg` at its own size, at most `maxPixels`. Drawings wait for one another. */
export function renderSvg(svg: Buffer, maxPixels: number): Promise<RenderedSvg> {
  if (svg.length > MAX_SVG_BYTES) {
    return Promise.resolve(lost('undecodable', `svg of ${svg.length} bytes`));
  }
  const rendered = last.then(() => draw(svg, maxPixels));
  last = rendered;
  return rendered;
}

let last: Promise<unknown> = Promise.resolve();
let renderer: ChildProcess | undefined;

function draw(svg: Buffer, maxPixels: number): Promise<RenderedSvg> {
  const child = renderer?.connected ? renderer : start();
  renderer = child;
  return new Promise((resolve) => {
    const settle = (result: RenderedSvg): void => {
      clearTimeout(timer);
      for (const event of ['message', 'exit', 'error']) child.removeAllListeners(event);
      child.on('error', () => {});
      // Waiting for work it must not keep this process alive.
      child.unref();
      child.channel?.unref();
      resolve(result);
    };
    const fail = (detail: string): void => {
      renderer = undefined;
      settle(lost('undecodable', `svg: ${detail}`));
      child.kill('SIGKILL');
    };
    const timer = setTimeout(() => fail(`not drawn within ${MAX_RENDER_MS} ms`), MAX_RENDER_MS);
    child.on('message', (drawing: Drawing) => {
      if ('png' in drawing) settle({ ok: true, png: Buffer.from(drawing.png) });
      else settle(lost(drawing.reason, drawing.detail));
    });
    child.on('error', (error) => fail(error.message));
    child.on('exit', (code, signal) => fail(`the renderer ended (${signal ?? code})`));
    child.ref();
    child.channel?.ref();
    child.send({ svg, maxPixels }, (error) => {
      if (error !== null) fail(error.message);
    });
  });
}

function start(): ChildProcess {
  return fork(PROCESS, {
    env: {},
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
}

function lost(reason: Loss['reason'], detail: string): RenderedSvg {
  return { ok: false, loss: { reason, detail } };
}
