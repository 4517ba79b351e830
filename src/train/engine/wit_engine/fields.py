"""Strict reading of JSON objects: each value is checked once, here, and unknown keys are errors."""

import math
from typing import Any

from wit_engine.errors import EngineError

_REQUIRED: Any = object()


class Fields:
    """Reads one JSON object. Call `close()` last: it rejects keys that nobody asked for.

    `path` names the object in messages, e.g. `config.optimizer`.
    """

    def __init__(self, data: object, path: str) -> None:
        if not isinstance(data, dict):
            raise EngineError(f"{path}: expected an object, got {_show(data)}")
        self._data: dict[str, Any] = data
        self._path = path
        self._known: set[str] = set()

    def value(self, key: str, default: Any = _REQUIRED) -> Any:
        """The raw value of `key`; `default` where the key is absent."""
        self._known.add(key)
        if key in self._data:
            return self._data[key]
        if default is _REQUIRED:
            raise EngineError(f"{self._path}.{key} is missing")
        return default

    def has(self, key: str) -> bool:
        """Whether `key` is present and not null."""
        self._known.add(key)
        return self._data.get(key) is not None

    def integer(self, key: str, default: Any = _REQUIRED, minimum: int = 1) -> int:
        value = self.value(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
            raise self.wrong(key, f"a whole number of at least {minimum}")
        return value

    def number(
        self,
        key: str,
        default: Any = _REQUIRED,
        minimum: float = 0.0,
        maximum: float = math.inf,
    ) -> float:
        value = self.value(key, default)
        if not is_number(value) or not minimum <= value <= maximum:
            upper = "" if maximum == math.inf else f" and at most {maximum:g}"
            raise self.wrong(key, f"a number of at least {minimum:g}{upper}")
        return float(value)

    def boolean(self, key: str, default: Any = _REQUIRED) -> bool:
        value = self.value(key, default)
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false")
        return value

    def text(self, key: str, default: Any = _REQUIRED) -> str:
        value = self.value(key, default)
        if not isinstance(value, str) or not value:
            raise self.wrong(key, "a non-empty text")
        return value

    def choice(self, key: str, options: tuple[str, ...], default: Any = _REQUIRED) -> str:
        value = self.value(key, default)
        if value not in options:
            raise self.wrong(key, "one of " + ", ".join(options))
        return str(value)

    def integers(self, key: str, default: Any = _REQUIRED, minimum: int = 1) -> list[int]:
        value = self.value(key, default)
        if (
            not isinstance(value, list)
            or not value
            or not all(type(item) is int and item >= minimum for item in value)
        ):
            raise self.wrong(key, f"a list of whole numbers of at least {minimum}")
        return value

    def triple(
        self, key: str, default: Any = _REQUIRED, minimum: float = -math.inf
    ) -> tuple[float, float, float]:
        """Three numbers, one for each of red, green and blue."""
        value = self.value(key, default)
        if (
            not isinstance(value, list | tuple)
            or len(value) != 3
            or not all(is_number(item) and item > minimum for item in value)
        ):
            above = "" if minimum == -math.inf else f" above {minimum:g}"
            raise self.wrong(key, f"three numbers{above}")
        return float(value[0]), float(value[1]), float(value[2])

    def pair(self, key: str, default: Any = _REQUIRED) -> tuple[float, float]:
        """Two positive numbers, low then high."""
        value = self.value(key, default)
        if (
            not isinstance(value, list | tuple)
            or len(value) != 2
            or not all(is_number(item) and item > 0 for item in value)
            or value[0] > value[1]
        ):
            raise self.wrong(key, "two positive numbers, low then high")
        return float(value[0]), float(value[1])

    def object(self, key: str, default: Any = _REQUIRED) -> "Fields":
        return Fields(self.value(key, default), f"{self._path}.{key}")

    def wrong(self, key: str, expected: str) -> EngineError:
        """The error for a value of `key` that is not what was expected."""
        return EngineError(
            f"{self._path}.{key}: expected {expected}, got {_show(self._data.get(key))}"
        )

    def close(self) -> None:
        """Rejects unknown keys: a misspelt option must not be ignored in silence."""
        unknown = sorted(set(self._data) - self._known)
        if unknown:
            known = ", ".join(sorted(self._known))
            raise EngineError(f"{self._path}: unknown key {unknown[0]!r} (known: {known})")


def is_number(value: object) -> bool:
    """Whether `value` is a finite JSON number (true and false are not)."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
