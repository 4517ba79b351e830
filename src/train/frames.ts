/** Frames on the data socket between client and engine: see docs/engine-protocol.md. */

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { endianness } from 'node:os';
import { WitError } from '../core/errors.js';

/** A tensor to send; the array's type gives the dtype. */
export interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Uint8Array | Int32Array | Float32Array;
}

const MAX_HEADER_BYTES = 1 << 20;

/** Writes one frame; resolves when the socket wants more. */
export async function writeFrame(
  socket: Socket,
  header: Readonly<Record<string, unknown>>,
  tensors: readonly Tensor[],
): Promise<void> {
  if (endianness() !== 'LE') {
    throw new WitError('environment', 'Training needs a little-endian machine');
  }
  const specs = tensors.map(({ name, shape, data }) => ({ name, dtype: dtypeOf(data), shape }));
  const json = Buffer.from(JSON.stringify({ ...header, tensors: specs }), 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  socket.cork();
  socket.write(length);
  let flowing = socket.write(json);
  for (const { data } of tensors) {
    flowing = socket.write(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  }
  socket.uncork();
  if (!flowing || socket.writableNeedDrain) await once(socket, 'drain');
}

/**
 * Cuts a stream of bytes into the headers of frames. Frames from the engine carry no tensors.
 * @throws WitError `engine` for a frame that is malformed.
 */
export class FrameReader {
  #pending: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): Record<string, unknown>[] {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    const headers: Record<string, unknown>[] = [];
    while (this.#pending.length >= 4) {
      const length = this.#pending.readUInt32LE(0);
      if (length > MAX_HEADER_BYTES) {
        throw new WitError('engine', `The engine sent a frame header of ${length} bytes`);
      }
      if (this.#pending.length < 4 + length) break;
      const json = this.#pending.toString('utf8', 4, 4 + length);
      this.#pending = this.#pending.subarray(4 + length);
      headers.push(JSON.parse(json) as Record<string, unknown>);
    }
    return headers;
  }
}

function dtypeOf(data: Tensor['data']): string {
  if (data instanceof Int32Array) return 'i32';
  return data instanceof Float32Array ? 'f32' : 'u8';
}
