/** Answers that do not follow the rules of conversation: they stall, break off, or never end. */

import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Behaviour, behaviour } from './site.js';

const DRIP_MS = 100;

/** Sends one byte every tenth of a second, for ever. */
export function drip(type: string): Behaviour {
  return behaviour(async ({ response, signal }) => {
    response.writeHead(200, { 'Content-Type': type });
    while (!signal.aborted && !response.destroyed) {
      response.write(' ');
      await sleep(DRIP_MS);
    }
  });
}

/** Takes the request and says nothing. */
export function silence(): Behaviour {
  return behaviour(() => {});
}

/** Sends zeros until the other side hangs up; may announce a length first. */
export function flood(type: string, announcedBytes?: number): Behaviour {
  return behaviour(async ({ response, signal }) => {
    const length = announcedBytes === undefined ? {} : { 'Content-Length': announcedBytes };
    response.writeHead(200, { 'Content-Type': type, ...length });
    const zeros = Buffer.alloc(65_536);
    let left = announcedBytes ?? Number.POSITIVE_INFINITY;
    while (left > 0 && !signal.aborted && !response.destroyed) {
      const some = zeros.subarray(0, Math.min(zeros.length, left));
      left -= some.length;
      if (!response.write(some)) await writable(response);
    }
    response.end();
  });
}

/** Resolves when more may be written, or nothing ever will be. */
function writable(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}

/** Announces the whole body, sends half of it, and closes the connection. */
export function breakOff(type: string, body: () => Promise<Buffer>): Behaviour {
  return behaviour(async ({ response }) => {
    const bytes = await body();
    response.writeHead(200, { 'Content-Type': type, 'Content-Length': bytes.length });
    response.write(bytes.subarray(0, bytes.length >> 1), () => response.destroy());
  });
}

/** Resets the connection without a word. */
export function reset(): Behaviour {
  return behaviour(({ request }) => {
    request.socket.resetAndDestroy();
  });
}
