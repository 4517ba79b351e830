"""Counts of words and bigrams, and the bigrams' PMI, as NLTK has them.

    python nltk_counts.py < RUNS.tsv > COUNTS.json

One run of words a line, its words separated by tabs; a bigram does not cross a line. Prints
{"words", "unigrams": [[word, count]], "bigrams": [[first, second, count, pmi]]}; PMI in bits.
"""

import json
import sys

from nltk.collocations import BigramAssocMeasures, BigramCollocationFinder


def main() -> None:
    text = sys.stdin.buffer.read().decode()
    runs = [line.split("\t") for line in text.split("\n") if line]
    finder = BigramCollocationFinder.from_documents(runs)
    json.dump(
        {
            "words": finder.N,
            "unigrams": list(finder.word_fd.items()),
            "bigrams": [
                [*pair, finder.ngram_fd[pair], pmi]
                for pair, pmi in finder.score_ngrams(BigramAssocMeasures.pmi)
            ],
        },
        sys.stdout,
    )


main()
