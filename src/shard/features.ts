/**
 * The columns of a shard as Hugging Face `datasets` describes features: in each file's `huggingface`
 * metadata (JSON) and in the dataset card (YAML). With these, images decode without any setting.
 *
 * Lists are spelled `Sequence` and `sequence`: `datasets` 4 and later read that as `List`, and earlier
 * versions know no other spelling.
 */

import { columnName, type FieldKind, type Fields } from '../core/record.js';

type Feature =
  | { dtype: string; _type: 'Value' }
  | { feature: Feature; _type: 'Sequence' }
  | { _type: 'Image' };

const FEATURES: Readonly<Record<FieldKind, Feature>> = {
  string: { dtype: 'string', _type: 'Value' },
  int: { dtype: 'int32', _type: 'Value' },
  long: { dtype: 'int64', _type: 'Value' },
  double: { dtype: 'float64', _type: 'Value' },
  strings: { feature: { dtype: 'string', _type: 'Value' }, _type: 'Sequence' },
  bytes: { dtype: 'binary', _type: 'Value' },
  image: { _type: 'Image' },
};

const CARD_FEATURES: Readonly<Record<FieldKind, Record<string, string>>> = {
  string: { dtype: 'string' },
  int: { dtype: 'int32' },
  long: { dtype: 'int64' },
  double: { dtype: 'float64' },
  strings: { sequence: 'string' },
  bytes: { dtype: 'binary' },
  image: { dtype: 'image' },
};

/** Footer metadata that makes `datasets` read the columns as what they are. */
export function huggingFaceMetadata(fields: Fields): Record<string, string> {
  const features = Object.fromEntries(
    Object.entries(fields).map(([name, { kind }]) => [columnName(name), FEATURES[kind]]),
  );
  return { huggingface: JSON.stringify({ info: { features } }) };
}

/** The `dataset_info.features` list of a dataset card. */
export function cardFeatures(fields: Fields): Record<string, string>[] {
  return Object.entries(fields).map(([name, { kind }]) => ({
    name: columnName(name),
    ...CARD_FEATURES[kind],
  }));
}
