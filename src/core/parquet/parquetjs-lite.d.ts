/** Types for the small part of parquetjs-lite 0.8.7 that writer.ts uses; the package ships none. */

declare module 'parquetjs-lite' {
  export interface LeafDefinition {
    type: 'UTF8' | 'INT32' | 'INT64' | 'DOUBLE' | 'BYTE_ARRAY';
    optional: boolean;
    compression: 'UNCOMPRESSED' | 'SNAPPY';
    /** Absent: min, max, null count and distinct count are written. */
    statistics?: false;
  }

  export interface GroupDefinition {
    type?: 'LIST';
    optional: boolean;
    repeated?: boolean;
    fields: SchemaDefinition;
  }

  export type SchemaDefinition = Record<string, LeafDefinition | GroupDefinition>;

  /** What the writer needs of an output stream. */
  export interface Output {
    write(bytes: Buffer, done: (error?: Error) => void): void;
    end(done: (error?: Error) => void): void;
  }

  interface ParquetSchema {
    readonly fieldList: readonly { readonly path: readonly string[] }[];
  }

  /** One column of the rows that wait for their row group: Dremel's levels, and the values there are. */
  export interface ColumnBuffer {
    dlevels: number[];
    rlevels: number[];
    values: (Buffer | string)[];
    distinct_values: Set<unknown>;
    count: number;
  }

  interface ParquetWriter {
    /** Rows appended since the last row group; empty right after one. */
    rowBuffer: {
      rowCount?: number;
      pageRowCount?: number;
      columnData?: Record<string, ColumnBuffer>;
      pages?: Record<string, unknown[]>;
    };
    /** Rejects with a string, not an Error, when a value does not fit the schema. */
    appendRow(row: Record<string, unknown>): Promise<void>;
    /** The row group is written by the append that makes it this long, or by `close`. */
    setRowGroupSize(rows: number): void;
    setMetadata(key: string, value: string): void;
    close(): Promise<void>;
  }

  const parquet: {
    ParquetSchema: new (definition: SchemaDefinition) => ParquetSchema;
    ParquetWriter: {
      openStream(
        schema: ParquetSchema,
        output: Output,
        options: {
          rowGroupSize: number;
          /** In rows, not bytes. */
          pageSize: number;
          pageIndex: boolean;
          useDataPageV2: boolean;
        },
      ): Promise<ParquetWriter>;
    };
  };
  export default parquet;
}
