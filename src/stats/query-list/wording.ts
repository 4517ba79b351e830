/** Names of sources, and of what was read and lost, for people. */

interface SourceWords {
  readonly one: string;
  readonly many: string;
  /** Of its score. */
  readonly unit: string;
}

const SOURCES: Readonly<Record<string, SourceWords>> = {
  wordnet: { one: 'WordNet', many: 'WordNet lemmas', unit: 'sense tags' },
  unigram: { one: 'word', many: 'Words', unit: 'occurrences' },
  bigram: { one: 'bigram', many: 'Bigrams', unit: 'bits' },
  title: { one: 'title', many: 'Article titles', unit: 'views' },
};

export function sourceWords(source: string): SourceWords {
  return SOURCES[source] ?? { one: source, many: source, unit: '' };
}

/** `distinct_words` → `distinct words`. */
export function plainWords(name: string): string {
  return name.replaceAll('_', ' ');
}

const compact = new Intl.NumberFormat('en-US', {
  notation: 'compact',
  maximumSignificantDigits: 3,
});

/** `32.8K`: where there is no room for all digits. */
export function compactCount(n: number): string {
  return compact.format(n);
}
