"""Matches captions as MetaCLIP's published code does, with pyahocorasick.

    python pyahocorasick_match.py QUERIES.txt CAPTIONS.txt PASSES

Prints {"build_seconds", "per_second", "pairs", "digest"}: captions per second of CPU time, the
median of PASSES after one that is not timed; then all pairs of caption and query, and SHA-256.
"""

import hashlib
import json
import statistics
import sys
import time
from array import array

import ahocorasick

WRAPPED = (",", ".", ";", ":", "?", "!", "`")
GAPS = ("\t", "\n", "\r")


def spaced(text: str) -> str:
    text = f" {text} "
    for mark in WRAPPED:
        text = text.replace(mark, f" {mark} ")
    for gap in GAPS:
        text = text.replace(gap, " ")
    return text


def lines_of(path: str) -> list[str]:
    with open(path, encoding="utf-8", newline="") as file:
        return file.read().split("\n")


def main() -> None:
    queries, captions = lines_of(sys.argv[1]), lines_of(sys.argv[2])
    passes = int(sys.argv[3])

    before = time.process_time()
    automaton = ahocorasick.Automaton()
    for index, query in enumerate(queries):
        automaton.add_word(f" {query} ", index)
    automaton.make_automaton()
    build_seconds = time.process_time() - before

    def match(text: str) -> set[int]:
        return {index for _, index in automaton.iter(spaced(text))}

    seconds = []
    for number in range(passes + 1):
        before = time.process_time()
        for caption in captions:
            match(caption)
        if number > 0:
            seconds.append(time.process_time() - before)

    digest = hashlib.sha256()
    pairs = 0
    for caption in captions:
        found = sorted(match(caption))
        pairs += len(found)
        digest.update(array("i", [len(found), *found]).tobytes())
    json.dump(
        {
            "build_seconds": build_seconds,
            "per_second": len(captions) / statistics.median_low(seconds),
            "pairs": pairs,
            "digest": digest.hexdigest(),
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
