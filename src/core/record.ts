/**
 * A tiny language for record definitions. One definition gives both the TypeScript type
 * (`RecordOf<typeof fields>`) and the Parquet schema (src/core/parquet), so they cannot drift apart.
 *
 * Column names are the field names in snake_case: `pageUrl` is stored as `page_url`.
 */

export type FieldKind = 'string' | 'int' | 'long' | 'double' | 'strings' | 'bytes' | 'image';

/** An image as Hugging Face `datasets` stores it: `struct<bytes: binary, path: string>`. */
export interface ImageValue {
  bytes: Buffer;
  path: string;
}

export interface Field<T> {
  readonly kind: FieldKind;
  readonly optional: boolean;
  /** Never set: carries the TypeScript type. */
  readonly type?: T;
}

export type Fields = Readonly<Record<string, Field<unknown>>>;

type Value<F> = F extends Field<infer T> ? T : never;
type OptionalKeys<F extends Fields> = {
  [K in keyof F]: undefined extends Value<F[K]> ? K : never;
}[keyof F];

export type RecordOf<F extends Fields> = {
  [K in Exclude<keyof F, OptionalKeys<F>>]: Value<F[K]>;
} & { [K in OptionalKeys<F>]?: Exclude<Value<F[K]>, undefined> };

const required = <T>(kind: FieldKind): Field<T> => ({ kind, optional: false });

export const string = <T extends string = string>(): Field<T> => required('string');
/** A 32-bit signed integer. */
export const int = (): Field<number> => required('int');
/** A 64-bit signed integer, of which ±(2^53 − 1) are taken: what a number holds exactly. */
export const long = (): Field<number> => required('long');
export const double = (): Field<number> => required('double');
export const strings = (): Field<string[]> => required('strings');
export const bytes = (): Field<Buffer> => required('bytes');
export const image = (): Field<ImageValue> => required('image');
export const optional = <T>(field: Field<T>): Field<T | undefined> => ({
  kind: field.kind,
  optional: true,
});

/** `pageUrl` → `page_url`. */
export function columnName(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
