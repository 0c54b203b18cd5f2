"""Search terms: what keyword search indexes and what a query is turned into, the same in every store."""

from __future__ import annotations

import re
import sys
import threading
import unicodedata
from functools import lru_cache

import snowballstemmer

from agentmem.language.words.stopwords import STOP_WORDS

_ASCII_WORD = re.compile(r"\d+(?:[.,]\d+)+|[a-z0-9]+(?:'[a-z]+)*")
_APOSTROPHES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'", "\uff07": "'"})
# Scripts written without spaces: Thai, Lao, Burmese, Khmer, kana, ideographs, Hangul stays with the spaced ones.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]+"
)
_STEMMER = snowballstemmer.stemmer("english")
_ONE_AT_A_TIME = threading.Lock()  # a stemmer keeps the word that it works on in itself


def terms(text: str) -> list[str]:
    """The search terms of a text, in order and with repetitions.

    Lower case, stop words out, English Snowball stems, Latin accents folded ("José" and "Jose" meet), numbers kept
    ("2,000" is 2000), possessives cut. Writing without spaces (Chinese, Japanese, Thai ...) gives pairs of characters,
    and a single character where one stands alone.
    """
    lowered = text.lower()
    if lowered.isascii():
        return [term for word in _ASCII_WORD.findall(lowered) if (term := _term(word))]
    found: list[str] = []
    for word in _word_pattern().findall(_folded(lowered)):
        if _UNSPACED.search(word):
            found.extend(_unspaced_terms(word))
        elif term := _term(word):
            found.append(term)
    return found


@lru_cache(maxsize=65536)
def _term(word: str) -> str:
    """The term of one lower-case word; empty for a stop word."""
    if word[0].isdigit():
        return word.replace(",", "") if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", word) else word
    if "'" in word:
        head, _, tail = word.partition("'")
        word = word.replace("'", "") if len(head) == 1 and len(tail) > 1 and head not in "im" else head
    if word in STOP_WORDS or (len(word) == 1 and word.isascii()):
        return ""
    if len(word) >= 64:
        return word[:64]
    with _ONE_AT_A_TIME:
        return str(_STEMMER.stemWord(word))


def _unspaced_terms(word: str) -> list[str]:
    found: list[str] = []
    end = 0
    for run in _UNSPACED.finditer(word):
        if before := word[end : run.start()]:
            found.append(before)
        characters = run.group()
        found.extend(characters[i : i + 2] for i in range(max(1, len(characters) - 1)))
        end = run.end()
    if word[end:]:
        found.append(word[end:])
    return found


def _folded(text: str) -> str:
    """Compatibility forms unified; accents taken off Latin letters only, since elsewhere marks are letters."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES))
    kept: list[str] = []
    latin = False
    for character in decomposed:
        if unicodedata.combining(character):
            if not latin:
                kept.append(character)
            continue
        latin = character < "\u0250"
        kept.append(character)
    return unicodedata.normalize("NFKC", "".join(kept)).lower()


@lru_cache(maxsize=1)
def _word_pattern() -> re.Pattern[str]:
    """Words in any script: letters, digits and the marks that belong to them, which "word character" leaves out."""
    marks = "".join(
        re.escape(chr(point))
        for point in range(0x300, min(0x1_1000, sys.maxunicode))
        if unicodedata.category(chr(point)) in {"Mn", "Mc"}
    )
    letter = rf"(?:[^\W_]|[{marks}])"
    return re.compile(rf"\d+(?:[.,]\d+)+|{letter}+(?:'{letter}+)*")
