"""Generator of dirty texts: every kind that cleaning treats, and mixtures of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from random import Random

PLACEHOLDERS = (
    "No Title Data Available",
    "No description available",
    "No description available Story format",
    "Untitled",
    "User Info Error",
    "Image src error.",
    "No Tags Available",
)
# Blanks, characters that are dropped, and others like them.
_BLANKS = [*" \t\n\r\x0b\x0c\x1c\x85\u00a0\u1680\u2003\u2028\u2029\u202f\u205f\u3000\u2800\u115f\u3164\uffa0"]
_UNSEEN = [
    *"\x00\x07\x7f\x9f\u00ad\u200b\u200c\u200d\u200e\u202e\u2066\ufeff\ufe0f\U000e0101\u20e3\ufffd\ue000"
]
_EMOJI = [
    "\U0001f600",
    "\U0001f468\u200d\U0001f469",
    "\U0001f1eb\U0001f1f7",
    "1\ufe0f\u20e3",
    "\u2600",
    "\u231a",
]
_KEPT = [
    *"é漢字ΩΣςß\u0130\u0131\u017f\u212a\u0301\u2122\u2606\u05d0\u0627\u0928\u092e\uac00\U00020000",
    "e\u0301",
]
_ESCAPES = ["\\", "\\\\", "\\n", "\\t", "\\u0041", "\\ud83d", "\\ude00", "\\u005c", "\\u000a", "\\u00e9"]
_ESCAPES += ["\\x41", "\\u12", "\\'", '\\"', "\\/", '"', "u0041", "n"]
_MARKS = [
    *"#, .,'.:;{}[]kKmMbBeE+-0159",
    "..",
    "...",
    "\u2026",
    " ...",
    ". ...",
    "\u2026.",
    "  ",
    ", ",
    " ,#",
]
_WORDS = ["Drawing", "ink", "Local save in", "/data/art", "https://i.example/a.jpg", "null", "true", "10k"]
_DIRT = [*_BLANKS, *_UNSEEN, *_EMOJI, *_KEPT, *_ESCAPES, *_MARKS, *_WORDS]
_FLAGS = ["t", "true", "y", "yes", "1", "f", "false", "n", "no", "0", "1.", "0.00", "1.01", "01", "2", "tru"]
_ZEROS = "000\uff10\u0660\u06f0\u0966"


def every_character() -> list[str]:
    """Return texts that have each character of Unicode, between letters."""
    letters = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    return ["a".join(letters[start : start + 500]) for start in range(0, len(letters), 500)]


class DirtyTexts:
    """Random texts.

    Args:
        random: makes the choices.
        fragments: texts to mix with those that this module knows.
    """

    def __init__(self, random: Random, fragments: Sequence[str]) -> None:
        self._random = random
        self._words = [*_WORDS, *fragments]

    def generate(self, count: int) -> list[str]:
        """Return texts of all kinds, more of the more varied ones."""
        kinds = [
            self._tags,
            self._json,
            self._truncated,
            self._placeholder,
            self._spelled_out,
            self._flag,
            self._path,
        ]
        kinds += [self._mixture] * 3 + [self._number] * 2
        return [self._random.choice(kinds)() for _ in range(count)]

    def _mixture(self) -> str:
        pieces = self._some(_DIRT, 12) + self._some(self._words, 3)
        self._random.shuffle(pieces)
        return self._one("", "", " ").join(pieces)

    def _truncated(self) -> str:
        return self._one(*self._words) + "".join(self._some([*" ..\u2026\u00a0"], 7))

    def _placeholder(self) -> str:
        text = self._one(*PLACEHOLDERS)
        cased = self._one(text, text.lower(), text.upper(), text.swapcase(), text.title())
        spaced = cased.replace(" ", self._one(" ", " ", "  ", "\t"))
        around = ("", "", "", " ", "\u00a0", "...", "\u200b", *_DIRT[:3])
        return self._one(*around) + spaced + self._one(*around)

    def _number(self) -> str:
        zero = ord(self._one(*_ZEROS))
        length = self._random.choice([0, 1, 2, 3, 4, 9, 10, 13, 40])
        digits = "".join(chr(zero + self._random.randrange(10)) for _ in range(length))
        if self._one("single", "single", "grouped") == "grouped":
            ends = range(length % 3, length + 1, 3)
            digits = self._one(",", " ").join(digits[max(end - 3, 0) : end] for end in ends)
        decimals = self._one("", "", ".", ".0", ".5", ".49", ".000", "." + "9" * self._random.randrange(16))
        suffix = self._one("", "", "k", "K", "m", " M", "B", " b", "e3", "E-2", "e+12", "e99", "kk", "%")
        return self._one("", "", "", "+", "-", " ") + digits + decimals + suffix

    def _spelled_out(self) -> str:
        return ",".join(self._one(*PLACEHOLDERS, *self._words, self._mixture())) + self._one(
            "", "", "", ",", "x"
        )

    def _tags(self) -> str:
        tags = self._some([*self._words, *_MARKS, "a", "b", "", "#"], 8)
        return self._one(",", ", ", ",#", " , ", ",,").join(tags)

    def _json(self) -> str:
        texts = [self._mixture() for _ in range(self._random.randrange(4))]
        value = self._random.choice([texts, dict.fromkeys(texts, 1), [texts, 1, None, {"a": "b"}]])
        document = json.dumps(value, ensure_ascii=self._random.choice([True, False]))
        return self._one(document, document, document[:-1], document + "x")

    def _flag(self) -> str:
        flag = self._one(*_FLAGS)
        return (
            self._one("", "", " ") + self._one(flag, flag.upper(), flag.title()) + self._one("", "", " ", ".")
        )

    def _path(self) -> str:
        prefix = self._one("Local save in", "LOCAL SAVE IN", "local save in", "Local save", "")
        return (
            prefix + "".join(self._some(_BLANKS, 3)) + self._one(*self._words, "") + self._one("", *_BLANKS)
        )

    def _one(self, *texts: str) -> str:
        return self._random.choice(texts)

    def _some(self, texts: Sequence[str], limit: int) -> list[str]:
        return self._random.choices(texts, k=self._random.randrange(limit))
