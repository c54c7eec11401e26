"""RequestReader: from a bare sentence to what it means, without a language model.

It looks at which nouns a sentence has (`tagging`), and by cue words at what it asks of them. What
it cannot read it takes for vague, so that the planner asks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from prism_core.calling import calls_of, is_called, is_called_exactly, meant
from prism_core.domains.mapping.reading.clauses import read_conditional, read_sequence, way_ends
from prism_core.domains.mapping.reading.cues import load_cues
from prism_core.domains.mapping.reading.exclusions import Exclusions
from prism_core.domains.mapping.reading.guessing import Guesser
from prism_core.domains.mapping.reading.nouns import Mention
from prism_core.domains.mapping.reading.tagging import Sentence, Tagger
from prism_core.domains.mapping.words import Words
from prism_core.intent import Intent, IntentKind, Target
from prism_core.scene_graph import SceneGraph

_NUMBER = r'(- )?(\d+(?:\.\d+)?)(?: (?:m|metres?|meters?))?'
_POSITION = re.compile(rf'{_NUMBER}(?: [^\d\s]+){{0,5}}? {_NUMBER}')
_COORDINATES = re.compile(
    r'\b(?:x|y|coordinates?|coords?|positions?|points?|spot|metres?|meters?|located?|location)\b'
    r'|(?:\(|at|to|around) (?:- )?\d+(?:\.\d+)? [,;/]|\d - \d'
)
_Y_FIRST = re.compile(r'\by\b[^\dx]*\d[^x]*\bx\b[^\d]*\d')


class RequestReader:
    """Reads requests in English.

    Args:
        words: the nouns, attributes and purposes to know.
    """

    def __init__(self, words: Words):
        self.lexicon = words.lexicon
        self.cues = load_cues()
        self._tagger = Tagger(words.lexicon, self.cues)
        self._guesser = Guesser(words.lexicon, self.cues, self._tagger)
        self._exclusions = Exclusions(words.lexicon)

    def read(self, request: str, known_graph: SceneGraph) -> Intent:
        """What a sentence means; of kind `vague` when nothing in it can be acted on.

        Args:
            request: any text.
            known_graph: its nodes can be called by name, and their classes are classes.
        """
        sentence = self._tagger.tag(request, known_graph)
        sentence = self._guesser.complete(sentence, known_graph)
        return _Reading(sentence, self, known_graph).intent()

    def question_before(self, request: str, known_graph: SceneGraph) -> str:
        """What to ask before a request is acted on, because it forbids something; or ''."""
        return self._exclusions.question(
            request, known_graph, lambda: self.read(request, known_graph).kind
        )


class _Reading:
    """One sentence on its way to an intent."""

    def __init__(self, sentence: Sentence, reader: RequestReader, graph: SceneGraph):
        self._sentence = sentence
        self._reader = reader
        self._cues = reader.cues
        self._graph = graph
        self._text = sentence.text
        self._regions = sentence.of('region')
        self._objects = sentence.of('object')

    def _has(self, cue: str) -> bool:
        return self._cues.has(cue, self._text)

    def intent(self) -> Intent:
        position = self._position()
        if position is not None:
            return Intent('map_area', position=position)
        intent = self._of_regions() if len(self._regions) > 1 else None
        return intent or self._of_object_in_region() or self._of_steps() or self._of_one()

    # ------------------------------------------------------------------------- several nouns

    def _position(self) -> tuple[float, float] | None:
        if not _COORDINATES.search(self._text):
            return None
        match = _POSITION.search(self._text)
        if match is None:
            return None
        x, y = (float(f'{"-" if match[i] else ""}{match[i + 1]}') for i in (1, 3))
        return (y, x) if _Y_FIRST.search(self._text) else (x, y)

    def _of_regions(self) -> Intent | None:
        """A sentence about two regions or more."""
        if self._objects and self._has('more') and len(self._regions) == 2:
            one, other = self._regions
            target = self._plain(self._objects[0])
            return Intent('compare', target, one.target, other.target)
        conditional = read_conditional(self._sentence, self._cues)
        if conditional is not None:
            if conditional.target is None:
                return conditional
            return replace(conditional, target=self._specific(self._subject()))
        if self._has('way'):
            ends = way_ends(self._sentence, self._cues) or self._regions
            return Intent('passable', region=ends[0].target, other_region=ends[1].target)
        return None

    def _of_object_in_region(self) -> Intent | None:
        """A sentence about what a region has of some class, or near an object."""
        things = self._objects or self._sentence.of('purpose')
        if not things:
            return None
        region = self._regions[0].target if self._regions else None
        if region is None and self._objects and self._asks_nearest():
            region = self._region_of(self._specific(self._objects[-1]))
        if region is not None and self._objects and self._has('nearest'):
            return Intent('nearest', self._specific(self._anchor()), region)
        if self._has('count'):
            return Intent('count', self._plain(things[0]), region)
        if region is not None and len(self._regions) == 1 and self._asks_existence(things[0]):
            return Intent('exists', self._plain(things[0]), region)
        return None

    def _asks_nearest(self) -> bool:
        """Whether the sentence asks what is near an object, not for a near one."""
        return bool(re.search(r'(?:nearest|closest|next) (?:\w+ )?to O\b', self._text))

    def _anchor(self) -> Mention:
        """The object to which something is near."""
        match = re.search(r'\b(?:to|from|near|by|beside|of) O\b', self._text)
        if match is not None:
            return next(o for o in self._objects if o.end == match.end())
        return next((o for o in self._objects if o.article == 'the'), self._objects[0])

    def _asks_existence(self, thing: Mention) -> bool:
        is_open = thing.article == 'a' or thing.is_plural or thing.role == 'purpose'
        if is_open:
            return True
        return not thing.article and not thing.target.name and self._has('exists')

    def _of_steps(self) -> Intent | None:
        if self._objects and self._regions and not self._has('sequence'):
            before = self._text[: self._regions[0].start]
            if re.search(r'\b(?:in|at|inside|within|on|of|from|by|near) $', before):
                return None
        return read_sequence(self._sentence, self._cues, self._step)

    def _step(self, noun: Mention, asked: Sequence[Mention]) -> Intent:
        """One step of several: to drive to a region, or to look at an object."""
        if noun.role == 'region':
            return Intent('go_to', region=noun.target)
        attribute = asked[0].attribute if asked else self._own_attribute() or 'description'
        return Intent('attribute', self._specific(noun), attribute=attribute)

    # ------------------------------------------------------------------------------ one noun

    def _of_one(self) -> Intent:
        if self._objects:
            return self._of_object()
        purposes = self._sentence.of('purpose')
        if purposes:
            return Intent('find', purposes[0].target)
        if self._regions:
            return self._of_region(self._regions[0].target)
        return Intent('survey' if self._has('survey') else 'vague')

    def _of_region(self, region: Target) -> Intent:
        kind: IntentKind = 'go_to'
        if self._has('map'):
            kind = 'map_area'
        elif self._has('reach'):
            kind = 'reach'
        return Intent(kind, region=region)

    def _of_object(self) -> Intent:
        subject = self._subject()
        target = self._specific(subject)
        value = self._predicate()
        attribute = self._attribute(value)
        if attribute:
            return Intent('attribute', target, attribute=attribute)
        if value is not None:
            return Intent('yes_no', target, attribute=value.attribute, value=value.value)
        is_any = (subject.article == 'a' or len(target.classes) > 1) and not target.name
        if is_any and subject.article != 'the':
            return self._of_any(subject)
        if self._has('travel') and not self._has('describe'):
            region = self._region_of(target)
            return Intent('go_to', region=region) if region else Intent('locate', target)
        return Intent(self._kind_for_one(subject), target)

    def _of_any(self, subject: Mention) -> Intent:
        """A sentence about any of a class."""
        target = self._plain(subject)
        if self._has('seek'):
            return Intent('find', target)
        if self._has('exists'):
            return Intent('exists', target)
        if self._has('describe') or not self._has('where'):
            return Intent('describe', self._specific(subject))
        return Intent('find', target)

    def _kind_for_one(self, subject: Mention) -> IntentKind:
        if re.search(r'\bwhere(?:abouts)?\b(?! you)', self._text):
            return 'locate'
        if self._has('describe'):
            return 'describe'
        if self._has('where'):
            return 'locate'
        if self._has('seek'):
            return 'locate' if self._is_one(subject) else 'find'
        return 'describe'

    def _is_one(self, subject: Mention) -> bool:
        """Whether an object is spoken of as one that is there."""
        if subject.target.name:
            return True
        listed = self._reader.lexicon.objects.keys() | {
            called for node in self._graph.objects.values() for called in calls_of(node)
        }
        is_definite = subject.article == 'the' and not subject.is_plural
        return is_definite and not listed.isdisjoint(subject.target.classes)

    def _subject(self) -> Mention:
        """The object that a sentence is about, of several."""
        asked = self._sentence.of('attribute', 'value')
        for key in asked:
            for thing in self._objects:
                between = self._text[key.end : thing.start] if thing.start >= key.end else ''
                if key.role == 'attribute' and re.fullmatch(r'(?: \w+)? (?:of|for|on) ', between):
                    return thing
        values = self._sentence.of('value')
        if values:
            before = [thing for thing in self._objects if thing.end <= values[0].start]
            if before:
                return before[-1]
        definite = [o for o in self._objects if o.article == 'the' or o.target.name]
        return (definite or self._objects)[0]

    def _predicate(self) -> Mention | None:
        """The value that is asked about."""
        values = self._sentence.of('value')
        if self._has('where') and not self._has('doubt'):
            return None
        return values[0] if values else None

    def _attribute(self, value: Mention | None) -> str:
        """The attribute that is asked for; '' when none is, or a value is asked about."""
        values = {
            v.value for v in self._sentence.of('value') if value and v.attribute == value.attribute
        }
        if value is not None and len(values) > 1:
            return value.attribute
        if value is not None:
            is_open = re.search(r'\bhow $', self._text[: value.start])
            return value.attribute if is_open else ''
        keys = self._sentence.of('attribute')
        return keys[0].attribute if keys else self._own_attribute()

    def _own_attribute(self) -> str:
        """What a sentence asks about an object in words that are in no file."""
        for phrase, attribute in self._cues.value_questions.items():
            if phrase in self._text:
                return attribute
        for match in re.finditer(
            r'\b(?:the|what|its) (\w+) (?:of|has|does) O\b|\bits (\w+)', self._text
        ):
            word = match[1] or match[2]
            if word not in self._cues.own_words and word not in self._cues.ignored:
                return word
        return ''

    # ------------------------------------------------------------------------------- targets

    def _plain(self, mention: Mention) -> Target:
        """The target of a mention. Who says fire truck means no pickup truck, though a truck that
        is called nothing else.
        """
        target = mention.target
        known = [self._graph.nodes[name] for name in self._meant(target) if mention.kind]
        if not known or any(is_called_exactly(node, target.classes) for node in known):
            return target
        looks = mention.looks or mention.kind.split()[:1]
        is_like = any(self._looks_like(node.name, looks) for node in known)
        return target if is_like else replace(target, classes=(mention.kind,))

    def _specific(self, mention: Mention) -> Target:
        """The target of a mention; by name where a look or a place tells which one is meant."""
        target = self._plain(mention)
        names = [n for n in self._meant(target) if self._may_be(n, target)]
        if mention.looks and names:
            fitting = [name for name in names if self._looks_like(name, mention.looks)]
            if len(fitting) == 1:
                return Target(name=fitting[0])
        if len(names) > 1 and len(self._regions) == 1:
            region = self._regions[0].target
            there = [n for n in names if self._is_in(n, region)]
            if len(there) == 1:
                return Target(name=there[0])
        return target

    def _meant(self, target: Target) -> list[str]:
        return meant(self._graph.objects.values(), target.classes)

    def _may_be(self, name: str, target: Target) -> bool:
        """Whether no attribute of a node says whether it is meant."""
        attributes = self._graph.nodes[name].attributes
        return not any(key in attributes for key, _ in target.attributes)

    def _looks_like(self, name: str, looks: Sequence[str]) -> bool:
        description = self._graph.nodes[name].description.lower()
        return all(re.search(rf'\b{re.escape(look)}\b', description) for look in looks)

    def _is_in(self, name: str, region: Target) -> bool:
        return any(
            place == region.name or is_called(self._graph.nodes[place], region.classes)
            for place in self._graph.viewpoints[name]
        )

    def _region_of(self, target: Target) -> Target | None:
        """The region from which the one known object that is meant is seen."""
        names = [target.name] if target.name in self._graph.objects else []
        if not target.name and not target.attributes:
            names = self._meant(target)
        places = self._graph.viewpoints[names[0]] if len(names) == 1 else ()
        return Target('region', name=places[0]) if places else None
