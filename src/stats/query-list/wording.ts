/** Names of sources, and of what was read and lost, for people. */

const SOURCES: Readonly<Record<string, { one: string; many: string }>> = {
  wordnet: { one: 'WordNet', many: 'WordNet lemmas' },
  unigram: { one: 'word', many: 'Words' },
  bigram: { one: 'bigram', many: 'Bigrams' },
  title: { one: 'title', many: 'Article titles' },
};

export function sourceWords(source: string): { one: string; many: string } {
  return SOURCES[source] ?? { one: source, many: source };
}

/** `distinct_words` → `distinct words`. */
export function plainWords(name: string): string {
  return name.replaceAll('_', ' ');
}
