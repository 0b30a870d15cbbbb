"""Okapi BM25 over words, as search engines and the tool pickers of large clients use it."""

import math
import re
from collections import Counter
from collections.abc import Mapping

K1, B = 1.5, 0.75


def words(text: str) -> list[str]:
    """Return the words of a text in lower case, a plural as its singular."""
    return [_singular(word) for word in re.findall(r"[a-z0-9]+", text.lower().replace("'", ""))]


def _singular(word: str) -> str:
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-3] + "y" if word.endswith("ies") else word[:-1]
    return word


def ranked(request: str, documents: Mapping[str, str]) -> list[str]:
    """Return the names of `documents`, the best for `request` first; of equal ones, in alphabetical order."""
    counts = {name: Counter(words(text)) for name, text in documents.items()}
    lengths = {name: count.total() for name, count in counts.items()}
    average = sum(lengths.values()) / len(lengths)
    containing = Counter(word for count in counts.values() for word in count)
    scores = dict.fromkeys(documents, 0.0)
    for word in words(request):
        weight = math.log(1 + (len(documents) - containing[word] + 0.5) / (containing[word] + 0.5))
        for name, count in counts.items():
            length = K1 * (1 - B + B * lengths[name] / average)
            scores[name] += weight * count[word] * (K1 + 1) / (count[word] + length)
    return sorted(documents, key=lambda name: (-scores[name], name))
