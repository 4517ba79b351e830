"""Prose of wikitext as mwparserfromhell reads it, for comparison with the reference.

    python strip_code.py < TEXTS.json > PROSE.json

Reads a JSON list of wikitexts and writes a JSON list of proses. What docs/queries.md leaves out
and mwparserfromhell keeps as text (tables, files, categories, references, elements such as <code>)
is removed by its own parse first; what is left is its own idea of what a reader sees.
"""

import json
import sys

import mwparserfromhell

NOT_PROSE = ("file:", "image:", "media:", "category:")
# Of the elements that docs/queries.md drops, those that mwparserfromhell keeps.
DROPPED = {
    *("ref", "references", "table", "chem", "ce", "code", "tt", "kbd", "samp", "var", "source"),
    *("syntaxhighlight", "pre", "hiero", "mapframe", "maplink", "indicator", "templatestyles"),
    *("includeonly", "style", "script"),
}


def is_dropped(node: object) -> bool:
    if isinstance(node, mwparserfromhell.nodes.Wikilink):
        return str(node.title).strip().lower().startswith(NOT_PROSE)
    if isinstance(node, mwparserfromhell.nodes.Tag):
        return str(node.tag).strip().lower() in DROPPED
    return False


def prose(wikitext: str) -> str:
    # With style tags, an unclosed '' lets a table or <ref> run on to the end of the article.
    code = mwparserfromhell.parse(wikitext, skip_style_tags=True)
    for node in code.filter(recursive=True, matches=is_dropped):
        # One within another that is gone already.
        if code.contains(node):
            code.replace(node, "\n")
    return code.strip_code(normalize=True, collapse=True)


def main() -> None:
    json.dump([prose(text) for text in json.load(sys.stdin)], sys.stdout)


main()
