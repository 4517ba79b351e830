/**
 * The one error class of the project. Everything a person can mend throws a `WitError` whose message
 * says what happened and with which value, and whose hint says what to do. Only the CLI prints it.
 */

export type ErrorCode =
  | 'config'
  | 'input'
  | 'missing_file'
  | 'bad_file'
  | 'disk'
  | 'dataset'
  | 'engine'
  | 'environment'
  | 'network'
  | 'interrupted';

export class WitError extends Error {
  override readonly name = 'WitError';
  readonly code: ErrorCode;
  /** What the reader can do about it. */
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a system error (`ENOENT`, `ECONNRESET`, …), or of the error that caused it. */
export function systemCode(error: unknown): string | undefined {
  for (let e: unknown = error; e instanceof Error; e = e.cause) {
    const code = (e as NodeJS.ErrnoException).code;
    if (typeof code === 'string') return code;
  }
  return undefined;
}

/** What is kept of an error between threads, where classes are lost. */
export interface ErrorAsData {
  message: string;
  /** Of a WitError. */
  code?: ErrorCode;
  hint?: string;
  /** Of any other. */
  stack?: string;
}

export function errorAsData(error: unknown): ErrorAsData {
  if (error instanceof WitError) {
    const { code, message, hint } = error;
    return { code, message, ...(hint !== undefined && { hint }) };
  }
  if (error instanceof Error) {
    return { message: error.message, ...(error.stack !== undefined && { stack: error.stack }) };
  }
  return { message: String(error) };
}

export function errorFromData({ code, message, hint, stack }: ErrorAsData): Error {
  if (code !== undefined) return new WitError(code, message, hint === undefined ? {} : { hint });
  const unknown = new Error(message);
  if (stack !== undefined) unknown.stack = stack;
  return unknown;
}
