"""Text as nobody writes it, from a seed: what a fuzz suite feeds to everything that reads words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from random import Random

_SAID = (
    "I live in Oslo.",
    "My sister Karin moved to Utrecht last May, and she works at Tern.",
    "Actually, it's not Rome but Bern.",
    "Please forget my phone number.",
    "Forget everything about Anna!",
    "She's allergic to nuts since 2019.",
    "We met on 5 May from Monday to Friday for three years.",
    "# Team\n\n| name | role |\n|---|---|\n| Anna | lead |\n\n- Budget: 2 million\n",
    "Where did Anna live before March 2020?",
    "Our address is 5 Elm Street; the budget of Kestrel is $4,000.",
    "Kestrel: it moved to Q3 2025.",
    "Anna: I no longer work at Heron & Co., my boss is Dr. Mara O'Neil.",
    "i live in graz lol :) my gf is mira",
    '"I love it", he said, "but I\'ve got two dogs, Kiki and Bo."',
    "Do not save that.",
    "我住在柏林。私はアンナです。",
    "Жанна живёт в Москве. Ünal İstanbul'da ya\u015f\u0131yor.",
)
_PIECES = (
    "\\",
    "\\1",
    "\\g<who>",
    "CORP\\Anna",
    "(?P<x>",
    "[a-",
    "(((",
    "a{99999}",
    "*+?",
    "$^|",
    "%s%d",
    "{0}{{x}}",
    "'",
    '"',
    "\u201c",
    "\u2019s",
    "\x00",
    "\x1b[31m",
    "\u202e",
    "\u2066",
    "\u200d",
    "\ufeff",
    "\u0301\u0302\u0303",
    "\U000e0041\U000e007f",
    "\U0001f600",
    "\U0010ffff",
    "\u2028",
    "\x85",
    "\r\n",
    "\t",
    "İ",
    "ß",
    "ﷺ",
    "ǆ",
    "\u0663",
    "²",
    "\u0664:\u0665",
    "31 December 9999",
    "0001-01-01",
    "in 9999 years",
    "9" * 400,
    "x" * 3000,
    "from Monday to Friday " * 30,
    "...",
    "---",
    "```",
    "| | |",
    "null",
    "-0.0",
    "yesterday",
)
SPEAKERS = (
    "",
    "",
    "Anna",
    "user",
    "assistant",
    "CORP\\Anna",
    "a|b",
    "(",
    "\\",
    "Ünal",
    "\u202eanna",
    "'s",
    "the",
    ":",
    "x" * 300,
)
"""Who may be said to speak."""
_EDGES = (
    datetime.min.replace(tzinfo=UTC),
    datetime.max.replace(tzinfo=UTC),
    datetime(1000, 12, 31, tzinfo=UTC),
    datetime(8999, 12, 31, 23, 59, tzinfo=UTC),
    datetime(2024, 2, 29, tzinfo=UTC),
)
_ZONES = (UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-12)), None)


def odd_text(random: Random) -> str:
    """A sentence that was mutated, pieces that break readers, or characters of any plane."""
    text = random.choice(_SAID)
    for _ in range(random.randrange(6)):
        text = random.choice(_MUTATIONS)(random, text)
    return text


def odd_time(random: Random) -> datetime | None:
    """A time, often at the edges of the calendar, sometimes without a zone; or none."""
    lately = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=random.randrange(10**8))
    moment = random.choice((None, *_EDGES, lately))
    return moment.replace(tzinfo=random.choice(_ZONES)) if moment else None


def _inserted(random: Random, text: str) -> str:
    place = random.randrange(len(text) + 1)
    return text[:place] + random.choice(_PIECES) + text[place:]


def _removed(random: Random, text: str) -> str:
    place = random.randrange(len(text) + 1)
    return text[:place] + text[place + random.randrange(9) :]


def _repeated(random: Random, text: str) -> str:
    place = random.randrange(len(text) + 1)
    return text[:place] + text[place : place + random.randrange(1, 9)] * random.randrange(2, 60) + text[place:]


def _joined(random: Random, text: str) -> str:
    return random.choice((" ", "\n", "\n\n", ", and ", "; ", "")).join((text, random.choice(_SAID)))


def _scattered(random: Random, text: str) -> str:
    """Characters of all planes, halves of surrogate pairs rarely among them."""
    points = (random.randrange(0x110000) for _ in range(random.randrange(1, 20)))
    rarely = random.random() < 0.05
    return text + "".join(chr(point) for point in points if rarely or not 0xD800 <= point < 0xE000)


def _recased(random: Random, text: str) -> str:
    return random.choice((str.upper, str.lower, str.title, str.swapcase))(text)


def _shuffled(random: Random, text: str) -> str:
    words = text.split(" ")
    random.shuffle(words)
    return " ".join(words)


_MUTATIONS: Sequence[Callable[[Random, str], str]] = (
    _inserted,
    _inserted,
    _removed,
    _repeated,
    _joined,
    _scattered,
    _recased,
    _shuffled,
)
