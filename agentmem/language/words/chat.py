"""Chat spelling: "im", "u", "my bday", "lol" written out, so that the other rules need not know them."""

from __future__ import annotations

import re

_SHORT = {
    "im": "I'm",
    "ive": "I've",
    "dont": "don't",
    "doesnt": "doesn't",
    "didnt": "didn't",
    "isnt": "isn't",
    "wasnt": "wasn't",
    "arent": "aren't",
    "cant": "can't",
    "wont": "won't",
    "havent": "haven't",
    "hasnt": "hasn't",
    "r": "are",
    "u": "you",
    "ur": "your",
    "bday": "birthday",
    "gf": "girlfriend",
    "bf": "boyfriend",
    "hubby": "husband",
    "fav": "favourite",
    "fave": "favourite",
    "wrk": "work",
    "wrking": "working",
    "tmrw": "tomorrow",
    "tmr": "tomorrow",
    "yday": "yesterday",
    "b4": "before",
    "bc": "because",
    "cuz": "because",
    "coz": "because",
    "rly": "really",
    "abt": "about",
}
_WORDS = re.compile(rf"(?<![\w'\u2019.@/-])(?:{'|'.join(_SHORT)})(?![\w'\u2019.@/-])")
_TO = re.compile(
    r"\b(mov(?:ed|ing|e)|relocat(?:ed|ing)|went|going|flew|flying|travell?(?:ed|ing)) 2 (?=[^\W\d])", re.IGNORECASE
)
_TAIL = re.compile(
    r"(?:(?:,|(?<![\s,]))\s+(?:lol|lmao|haha(?:ha)*|btw|tho|xd|:-?[)(dpo]+|;-?\)|<3|\^\^|[\U0001F300-\U0001FAFF\u2600-\u27BF]+))+(?=[\s.!]*$)",
    re.IGNORECASE,
)
_GONNA = re.compile(r"^(?:gonna|going to) (?=[a-z])", re.IGNORECASE)


def spelled_out(sentence: str) -> str:
    """The sentence in common spelling; capitals such as "US" or "R" are left alone."""
    sentence = _TAIL.sub("", sentence)
    sentence = _WORDS.sub(lambda match: _SHORT[match.group()], sentence)
    sentence = _TO.sub(r"\1 to ", sentence) if " 2 " in sentence else sentence
    return _GONNA.sub("I'm going to ", sentence)
