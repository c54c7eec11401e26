# SPDX-License-Identifier: Apache-2.0
"""What planners of the mapping domain may say without having read it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from prism_core.domains.mapping.alike import alike
from prism_core.domains.mapping.intent import Target
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.reading.cues import load_cues
from prism_core.domains.mapping.reading.tokens import tokenize
from prism_core.domains.mapping.report_forms import FORM_ARGUMENTS
from prism_core.domains.mapping.report_texts import parse_reports
from prism_core.domains.mapping.reports import REPORT_WORDS, split_classes
from prism_core.domains.mapping.seen_objects import objects_of
from prism_core.domains.mapping.words import Words
from prism_core.graph.scene_graph import SceneGraph
from prism_core.inference.suspicion import Vocabulary


def make_vocabulary(words: Words) -> Vocabulary:
    """The words of a lexicon, of reports, and those that any sentence may have."""
    lexicon, cues = words.lexicon, load_cues()
    said = {word for text in _texts(lexicon) for word in tokenize(text)}
    details = {w for text in (*words.object_details, *words.region_details) for w in tokenize(text)}
    return Vocabulary(
        words=REPORT_WORDS | cues.ignored | cues.own_words | said | details,
        classes=frozenset((*lexicon.objects, *lexicon.regions)),
        no_nouns=cues.function_words,
        counted=_counted,
        overlooked=partial(_overlooked, lexicon),
    )


def _counted(text: str, graph: SceneGraph) -> Iterator[str]:
    """The classes that a report counts or misses."""
    for report in parse_reports(text, graph):
        for kind, value in zip(FORM_ARGUMENTS.get(report.form, ()), report.arguments):
            if kind == 'classes':
                yield from split_classes(value)


def _overlooked(lexicon: Lexicon, text: str, graph: SceneGraph) -> Iterator[str]:
    """What bears the word for that of which a report says that there is none."""
    for report in parse_reports(text, graph):
        if report.form not in ('none', 'exists', 'count'):
            continue
        classes, region = (*report.arguments, '')[:2]
        wanted = split_classes(classes)
        if report.form == 'none' or not objects_of(graph, wanted, region):
            for name in alike(graph.nodes, Target(classes=tuple(wanted)), lexicon.is_listed):
                if not region or region in graph.viewpoints.get(name, ()):
                    yield name


def _texts(lexicon: Lexicon) -> Iterator[str]:
    yield from lexicon.attribute_phrases
    for names in (lexicon.regions, lexicon.groups, lexicon.purposes):
        for name, others in names.items():
            yield from (name, *others)
    for name, entry in lexicon.objects.items():
        yield from (name, lexicon.plural(name), *entry.synonyms)
