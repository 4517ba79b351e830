"""Prints open_clip's token ids for the texts in a JSON array on stdin, as a JSON array of arrays.

Loads open_clip's tokenizer module alone: the package as a whole imports torchvision.
"""

import importlib.util
import json
import sys
from pathlib import Path

package = importlib.util.find_spec("open_clip")
if package is None or package.origin is None:
    sys.exit("open_clip is not installed for this Python: run `npm test`, which installs it.")
spec = importlib.util.spec_from_file_location(
    "open_clip_tokenizer", Path(package.origin).parent / "tokenizer.py"
)
assert spec is not None
assert spec.loader is not None
tokenizer = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tokenizer)

request = json.load(sys.stdin)
encode = tokenizer.SimpleTokenizer(context_length=request["context"])
json.dump(encode(request["texts"]).tolist(), sys.stdout)
