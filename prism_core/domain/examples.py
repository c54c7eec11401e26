# SPDX-License-Identifier: Apache-2.0
"""Plans that somebody made for a request, to be shown to a language model beside another request:
what a domain brings for the planner `llm_planner`, and which of them are near.
"""

from __future__ import annotations

import heapq
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from prism_core.dialects.conversation import Dialect

_WORD = re.compile(r'\b\w\w+\b')


@dataclass(frozen=True)
class PlanExample:
    """A request and the plan that was made for it.

    Attributes:
        request: what was asked.
        plan: its steps in the words of the domain's form, such as `PickupObject mug`.
        told: the steps in the words of who asked; none where he told none.
        visible: what was seen there, in the words of the form.
    """

    request: str
    plan: tuple[str, ...]
    told: tuple[str, ...] = ()
    visible: tuple[str, ...] = ()


class PlanForm(Protocol):
    """How a domain speaks with a language model that is shown examples."""

    @property
    def examples(self) -> Sequence[PlanExample]:
        """Those that come with the domain."""

    def read_examples(self, text: str, source: str) -> list[PlanExample]:
        """The examples of a file.

        Args:
            text: of the file.
            source: what it is called.

        Raises:
            ConfigError: with the line that cannot be used.
        """

    def goal_of(self, request: str) -> str:
        """What of a request tells which examples are near."""

    def make_dialect(self, examples: Sequence[PlanExample]) -> Dialect:
        """Prompts that show some examples, the nearest first; replies in their form."""


class ExampleBank:
    """Examples, and which of them are near, by the words of their requests.

    Args:
        examples: at least one.
        longest: see `TextIndex`.
    """

    def __init__(self, examples: Sequence[PlanExample], longest: int = 1):
        self._examples = examples
        self._index = TextIndex((example.request for example in examples), longest)

    def find_nearest(self, request: str, number: int) -> list[PlanExample]:
        """The nearest examples, the nearest first."""
        return [self._examples[place] for place in self._index.find_nearest(request, number)]

    def close(self) -> None:
        """Nothing to free."""


class TextIndex:
    """Which of some texts are near another, by TF-IDF: texts are the nearer the more words they
    share, rare ones more, as the cosine of weighted counts says.

    Args:
        texts: to choose from.
        longest: so many words in a row count as one at most.
    """

    def __init__(self, texts: Iterable[str], longest: int = 1):
        self._longest = longest
        counts = [Counter(self._terms_of(text)) for text in texts]
        seen = Counter(term for found in counts for term in found)
        self._size = len(counts)
        self._rarity = {t: math.log((1 + self._size) / (1 + n)) + 1 for t, n in seen.items()}
        self._weights: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for number, found in enumerate(counts):
            for term, weight in self._weigh(found).items():
                self._weights[term].append((number, weight))

    def find_nearest(self, text: str, number: int) -> list[int]:
        """The places of the nearest texts, the nearest first; of equal ones the first."""
        values = [0.0] * self._size
        for term, weight in self._weigh(Counter(self._terms_of(text))).items():
            for place, other in self._weights[term]:
                values[place] += weight * other
        return heapq.nlargest(number, range(self._size), key=values.__getitem__)

    def _terms_of(self, text: str) -> list[str]:
        words = _WORD.findall(text.lower())
        lengths = range(1, self._longest + 1)
        return [' '.join(words[i : i + n]) for n in lengths for i in range(len(words) - n + 1)]

    def _weigh(self, counts: Counter[str]) -> dict[str, float]:
        known = {t: n * self._rarity[t] for t, n in counts.items() if t in self._rarity}
        length = math.sqrt(sum(weight**2 for weight in known.values()))
        return {term: weight / length for term, weight in known.items()}
