# SPDX-License-Identifier: Apache-2.0
"""What a request and its answer spoke of, for what is said behind them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from prism_core.domains.mapping.reading.nouns import Mention
from prism_core.domains.mapping.reading.sentence import Sentence
from prism_core.episode.episode import Turn
from prism_core.graph.calling import class_of, is_called
from prism_core.graph.names_in_text import NamesInText
from prism_core.graph.scene_graph import SceneGraph

_MARKS = re.compile(r' ([,.;:?!])')
_EDGES = ' .,;:?!"'
_PRESENCE = re.compile(r'\b(?:is|are) there\b|\bhow many\b')
_WHERE = re.compile(r'\b(?:where|whereabouts|which area|which part|which place|locate|find)\b')


@dataclass(frozen=True)
class SpokenBefore:
    """A request in full, and what was answered.

    Attributes:
        request: in full.
        sentence: the same, tagged.
        things: the objects that were named, in the answer or, where that names none, before.
        place: the region that was named last; '' where none was.
        choices: the nodes among which a question asked back.
        subject: what the request is about; None where that is several things or none.
        alike: the known nodes that are called as the subject is.
        rejected: those that were named already.
        noun: what the subject is called; plural: several of them.
    """

    request: str
    sentence: Sentence
    things: tuple[str, ...]
    place: str
    choices: tuple[str, ...]
    subject: Mention | None
    alike: tuple[str, ...]
    rejected: list[str]
    noun: str
    pluralize: Callable[[str], str]

    @classmethod
    def of(
        cls,
        request: str,
        sentence: Sentence,
        turns: Sequence[Turn],
        graph: SceneGraph,
        rejected: Iterable[str],
        pluralize: Callable[[str], str],
    ) -> SpokenBefore:
        """Of the turns that were planned for a request."""
        last = turns[-1].plan.actions[-1] if turns and turns[-1].plan.actions else None
        is_end = last is not None and last.name in ('answer', 'clarify')
        text = str(last.arguments[-1]) if last and is_end and last.arguments else ''
        named = list(dict.fromkeys(found.name for found in NamesInText(graph.nodes).find(text)))
        things = tuple(name for name in named if name in graph.objects)
        places = [name for name in named if name in graph.regions]
        subject = _subject(sentence, named, graph)
        alike = tuple(_alike(subject, graph)) if subject is not None else ()
        is_question = last is not None and last.name == 'clarify'
        choices = tuple(named) if is_question else ()
        own = [name for name in named if name in alike]
        if is_question and choices and not own:  # `Do you mean truck_wash_1?`
            alike = choices
        things = tuple(n for n in things if n in own) if len(things) > 1 and own else things
        if subject is not None and subject.target.name and not own:
            own = [subject.target.name]
        noun = ''
        if subject is not None:
            named_one = graph.nodes.get(subject.target.name)
            noun = class_of(named_one) if named_one is not None else subject.said
            noun = noun or next(iter(subject.target.classes), '')
        return cls(
            request=request,
            sentence=sentence,
            things=things,
            place=_place(places, sentence, things or tuple(own), graph),
            choices=choices,
            subject=subject,
            alike=alike,
            rejected=[] if is_question else [*rejected, *own],
            noun=noun,
            pluralize=pluralize,
        )

    @property
    def is_of_things(self) -> bool:
        """Whether the request is about an object or several."""
        return self.subject is not None and self.subject.role != 'region'

    @property
    def is_of_one(self) -> bool:
        """Whether it is about one node, of which another may have been meant."""
        subject = self.subject
        is_many = subject is not None and (
            subject.is_plural or _PRESENCE.search(self.sentence.text)
        )
        return subject is not None and not is_many

    @property
    def it(self) -> str:
        """What `it` is; '' where nobody can tell."""
        if len(self.things) == 1:
            return self.things[0]
        if self.things or self.choices or self.subject is None or not self.is_of_things:
            return ''
        if self.subject.is_plural or self.subject.role == 'purpose':
            return ''
        return self.subject.target.name or f'the {self.noun}'

    @property
    def plural(self) -> str:
        """Several of what the request is about."""
        return self.pluralize(self.noun)

    def about(self, other: str) -> str:
        """The request about something else."""
        if self.subject is None:
            return ''
        if self.subject.role == 'purpose':
            return other if other.startswith('find ') else f'find {other}'
        return self.rebuild(self.sentence, [(self.subject.start, self.subject.end, other)])

    def elsewhere(self, place: str) -> str:
        """The request about another region."""
        regions = self.sentence.of('region')
        if regions:
            return self.rebuild(self.sentence, [(regions[-1].start, regions[-1].end, place)])
        if not self.is_of_things:
            return ''
        if _PRESENCE.search(self.sentence.text):
            return f'{self.request.rstrip(_EDGES)} in {place}?'
        assert self.subject is not None  # noqa: S101 - it is of things
        if _WHERE.search(self.sentence.text) or self.subject.role == 'purpose':
            article = 'an' if self.noun[:1] in 'aeiou' else 'a'
            return f'is there {article} {self.noun} in {place}?'
        return self.about(f'the {self.noun} in {place}')

    def rebuild(self, sentence: Sentence, changes: Iterable[tuple[int, int, str]]) -> str:
        """A tagged sentence in words again, with others in place of some.

        Args:
            sentence: as it was tagged.
            changes: from where to where in its text, and what stands there.
        """
        new = {(start, end): words for start, end, words in changes}
        taken = [range(start, end) for start, end in new]
        for mention in sentence.of('object', 'region', 'purpose'):
            if not any(mention.start in span for span in taken) and mention.end > mention.start:
                new[mention.start, mention.end] = self.say(mention)
        parts, at = list[str](), 0
        for (start, end), words in sorted(new.items()):
            parts += [sentence.text[at:start], words]
            at = end
        return _MARKS.sub(r'\1', ''.join((*parts, sentence.text[at:])))

    def say(self, mention: Mention) -> str:
        """A noun in words: its name, or what was said."""
        if mention.target.name:
            return mention.target.name
        if mention.role == 'purpose':
            return mention.said
        article = f'{mention.article} ' if mention.article else ''
        noun = mention.said or next(iter(mention.target.classes), '')
        return article + (self.pluralize(noun) if mention.is_plural else noun)


def _subject(sentence: Sentence, named: Sequence[str], graph: SceneGraph) -> Mention | None:
    """What a request is about: the thing that its answer names, or the only one that it has."""
    nodes = [graph.nodes[name] for name in named]
    for roles in (('object', 'purpose'), ('region',)):
        mentions = sentence.of(*roles)
        for mention in mentions:
            target = mention.target
            if any(n.name == target.name or is_called(n, target.classes) for n in nodes):
                return mention
        if len({mention.target for mention in mentions}) == 1:
            return mentions[-1]
        if mentions:
            return None
    return None


def _alike(subject: Mention, graph: SceneGraph) -> Iterable[str]:
    """The known nodes that are called as the subject is, or as the node is that it names."""
    target = subject.target
    one = graph.nodes.get(target.name)
    classes = target.classes if one is None else (class_of(one),)
    kind = 'region' if subject.role == 'region' else 'object'
    return (n.name for n in graph.nodes.values() if n.kind == kind and is_called(n, classes))


def _place(
    places: Sequence[str], sentence: Sentence, things: Sequence[str], graph: SceneGraph
) -> str:
    """The region that was spoken of last: in the answer, in the request, or where a thing is."""
    if places:
        return places[-1]
    regions = sentence.of('region')
    if regions:
        return regions[-1].target.name or f'the {regions[-1].said or regions[-1].target.classes[0]}'
    seen_from = graph.viewpoints.get(things[0], ()) if len(things) == 1 else ()
    return seen_from[0] if seen_from else ''
