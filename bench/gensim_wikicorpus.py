"""Counts the tokens of a dump with gensim's WikiCorpus, in one process.

    python gensim_wikicorpus.py DUMP.xml.bz2

WikiCorpus keeps articles of at least 50 tokens and drops tokens shorter than 2 or longer than 15
letters; these defaults stand. Prints {"articles", "tokens"}.
"""

import json
import sys

from gensim.corpora.wikicorpus import WikiCorpus


def main() -> None:
    # An empty dictionary, so that none is built in a first pass over the dump.
    corpus = WikiCorpus(sys.argv[1], processes=1, dictionary={})
    articles = tokens = 0
    for text in corpus.get_texts():
        articles += 1
        tokens += len(text)
    json.dump({"articles": articles, "tokens": tokens}, sys.stdout)


if __name__ == "__main__":
    main()
