"""What planners of the mapping domain may say without having read it."""

from __future__ import annotations

from collections.abc import Iterator

from prism_core.domains.mapping.reading.cues import load_cues
from prism_core.domains.mapping.reading.tokens import tokenize
from prism_core.domains.mapping.words import Words
from prism_core.lexicon import Lexicon
from prism_core.reports import REPORT_WORDS
from prism_core.suspicion import Vocabulary


def make_vocabulary(words: Words) -> Vocabulary:
    """The words of a lexicon, of reports, and those that any sentence may have."""
    lexicon, cues = words.lexicon, load_cues()
    said = {word for text in _texts(lexicon) for word in tokenize(text)}
    details = {w for text in (*words.object_details, *words.region_details) for w in tokenize(text)}
    return Vocabulary(
        words=REPORT_WORDS | cues.ignored | cues.own_words | said | details,
        classes=frozenset((*lexicon.objects, *lexicon.regions)),
        no_nouns=cues.function_words,
    )


def _texts(lexicon: Lexicon) -> Iterator[str]:
    yield from lexicon.attribute_phrases
    for names in (lexicon.regions, lexicon.groups, lexicon.purposes):
        for name, others in names.items():
            yield from (name, *others)
    for name, entry in lexicon.objects.items():
        yield from (name, lexicon.plural(name), *entry.synonyms)
