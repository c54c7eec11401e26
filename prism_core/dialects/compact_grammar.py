"""The grammar of replies in the compact dialect, on one known graph: what `CompactSteps` reads,
with nodes of the right kind only and actions only where known ways lead.

A goal is about what the request speaks of, where that is known or the lexicon has words for it.
What is known is not looked for, and nothing is looked at where nothing is left to be seen. There is
no free text: what a robot said of what it looked at is quoted, and anything else has a form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from prism_core.actions import Action
from prism_core.dialects.compact_report_grammar import ReportGrammar
from prism_core.dialects.compact_standing import Standing
from prism_core.dialects.compact_topic import Topic
from prism_core.dialects.handles import Handles
from prism_core.dialects.plain_text import RADIUS
from prism_core.grammar import (
    GrammarWriter,
    Lark,
    Part,
    in_order,
    one_of,
    one_text_of,
    optional,
    repeated,
    two_of,
    words,
)
from prism_core.intent import IntentKind
from prism_core.lexicon import Lexicon
from prism_core.mission_state import MAPPED, MissionState
from prism_core.reports import FORMS_FOR, FORMS_WITHOUT_ANSWER, quote_told
from prism_core.scene_graph import SceneGraph

_MAX_GOTOS = 4
_MAX_CHOICES = 5
_MAX_CLASSES = 3
_MAX_TOLD_CHARS = 256  # so that a reply stays short
_ABOUT_NO_THING: tuple[IntentKind, ...] = (
    'survey', 'map_area', 'passable', 'conditional', 'sequence', 'vague',
)  # fmt: skip
_NOTHING_LEFT = 'vague : ask what'
"""What is said where nothing can be done of what the request speaks of."""
_LOOKING_AGAIN: tuple[IntentKind, ...] = ('passable', 'conditional', 'sequence')
"""Goals for which that may have to be looked at again which was seen before."""
_OF_WAYS: tuple[IntentKind, ...] = ('passable', 'conditional')
_OF_PLACES: tuple[IntentKind, ...] = ('exists', 'count', 'compare', 'map_area')
"""Goals for which it is enough to look at the places that the request speaks of."""
_INSPECTING: tuple[IntentKind, ...] = ('attribute', 'yes_no', 'describe')


class CompactGrammar:
    """Writes the grammar; `request` lends its words to the goal, `feedback` says what was said when
    each action was carried out.
    """

    def __init__(
        self,
        request: str,
        graph: SceneGraph,
        state: MissionState,
        handles: Handles,
        lexicon: Lexicon,
        feedback: Mapping[Action, str],
    ):
        self._graph, self._state, self._feedback = graph, state, feedback
        self._handles, self._lexicon = handles, lexicon
        topic = self._topic = Topic(request, graph, lexicon)
        standing = self._standing = Standing(topic, graph, state, lexicon)
        self._writer = GrammarWriter()
        self._abouts: dict[Sequence[str], Part | None] = {}
        self._region = self._define('REGION', self._nodes(graph.regions))
        self._object = self._define('OBJECT', self._nodes(graph.objects))
        self._near_object = self._define('NEAR_OBJECT', self._nodes(topic.near_objects))
        near = {*topic.near_regions}
        self._near_said = [name for name in topic.regions if name in near]
        self._drive = self._define('DRIVE', in_order('go ', self._nodes(self._near_said), ' ; '))
        classes = self._define('CLASSES', in_order(' of ', self._joined(topic.all_words)))
        reports = ReportGrammar(self._writer, topic, standing, graph, state, handles, lexicon)
        self._reports = reports.write(classes)

    def write(self) -> Lark:
        """The grammar of `goal : steps`."""
        kinds = filter(self._topic.may_be_goal, FORMS_FOR)
        reply = one_of(reply for kind in kinds for reply in self._replies(kind))
        return self._writer.finish(in_order(optional(words(' ')), reply or words(_NOTHING_LEFT)))

    def _define(self, name: str, part: Part | None) -> Part | None:
        return self._writer.define(name, part)

    def _nodes(self, names: Iterable[str]) -> Part | None:
        return one_text_of(map(self._handles.write, names))

    # -------------------------------------------------------------------------------------- goals

    def _replies(self, kind: IntentKind) -> Iterator[Part | None]:
        """The goals of a kind, each with the steps that may follow it."""
        topic, standing, reports = self._topic, self._standing, self._reports
        if standing.must_ask(kind):
            about = self._about(topic.words(kind), topic.words(kind))
            yield in_order(f'{kind} ', about, 'ask ', self._which)
            return
        look = self._look_for(kind)
        answers = [
            self._ask if standing.is_unclear else None,
            self._say,
            self._try_way if kind in _OF_WAYS else None,
            self._inspect_for(kind),
            reports['gave_up'],
            *(reports[form] for form in FORMS_FOR[kind] if form not in ('here', 'done')),
        ]
        others = [look, *(reports[form] for form in FORMS_WITHOUT_ANSWER)]
        goes_on = self._steps(kind, answers if standing.is_settled(kind) else [*answers, *others])
        words = topic.words(kind)
        if standing.needs_no_look(kind):
            found = standing.found_words(kind)
            sought = [word for word in words if word not in found]
            yield in_order(f'{kind} ', self._about(found, words), self._steps(kind, answers))
            yield in_order(f'{kind} ', self._about(sought, sought), goes_on)
        else:
            yield in_order(f'{kind} ', self._about(words, words), goes_on)
        if kind in _ABOUT_NO_THING:
            yield in_order(f'{kind} : ', goes_on)

    def _steps(self, kind: IntentKind, last: Iterable[Part | None]) -> Part | None:
        ends = [one_of(last)]
        if kind == 'sequence':
            ends = [in_order(repeated(self._drive, 0, _MAX_GOTOS), *ends), self._done]
        if 'here' in FORMS_FOR[kind] and (kind != 'conditional' or self._standing.may_hold):
            ends.append(self._reports['here'])
        return one_of(ends)

    @property
    def _done(self) -> Part | None:
        """The end of a sequence, behind drives to what is left of its places."""
        least = self._standing.places_left
        drives = repeated(self._drive, least, max(least, _MAX_GOTOS))
        return in_order(drives, self._reports['done'])

    def _about(self, some: Sequence[str], with_any: Sequence[str]) -> Part | None:
        """One of some classes, or several classes with one of those among them."""
        key = (*some, '', *with_any)
        if key not in self._abouts:
            number, several = len(self._abouts), self._joined(some)
            if len(some) < len(with_any):
                one, others = self._texts(some), self._texts(with_any)
                any_other = self._define(f'WORD_{number}', others)
                most = _MAX_CLASSES - 1 if self._topic.names_choices else 0
                several = in_order(
                    repeated(in_order(any_other, ' or '), 0, most),
                    one,
                    repeated(in_order(' or ', any_other), 0, most),
                )
            self._abouts[key] = self._define(f'ABOUT_{number}', in_order(several, ' : '))
        return self._abouts[key]

    def _joined(self, names: Iterable[str]) -> Part | None:
        phrase = self._texts(names)
        most = _MAX_CLASSES - 1 if self._topic.names_choices else 0
        return in_order(phrase, repeated(in_order(' or ', phrase), 0, most))

    def _texts(self, texts: Iterable[str]) -> Part | None:
        return one_text_of(map(self._handles.neutralize, texts))

    # -------------------------------------------------------------------------------------- steps

    @cached_property
    def _look(self) -> Part | None:
        """Steps that look for more than is known, where something is left to be seen."""
        unmapped, unexplored = (
            self._nodes(f.region for f in self._state.frontiers if f.action.name == name)
            for name in ('map_region', 'explore_region')
        )
        steps = (
            in_order('map ', unmapped),
            in_order('explore ', unexplored, optional(in_order(' ', RADIUS))),
            in_order('extend ', self._nodes(self._topic.far_regions)),
            self._extend_to_position,
        )
        return self._define('LOOK', one_of(steps))

    @property
    def _extend_to_position(self) -> Part | None:
        at = {node.position: name for name, node in self._graph.regions.items()}
        written = (
            self._handles.write(at[position]) if position in at else '{:g} {:g}'.format(*position)
            for position in self._topic.positions
        )
        return in_order('extend ', one_text_of(written))

    def _look_for(self, kind: IntentKind) -> Part | None:
        if kind in _LOOKING_AGAIN:
            return self._look_again
        if kind == 'map_area' and self._topic.positions and not self._standing.is_sent:
            return self._extend_to_position
        is_there = kind in _OF_PLACES and self._standing.knows_places
        return self._look_there if is_there else self._look

    @cached_property
    def _look_again(self) -> Part | None:
        """As `_look`, or once more in a mission at a place that the request speaks of."""
        mapped = self._state.done_on('map_region')
        again = in_order('map ', self._nodes(n for n in self._near_said if n not in mapped))
        return self._define('LOOK_AGAIN', one_of([self._look, again]))

    @cached_property
    def _try_way(self) -> Part | None:
        """A drive that shows whether a way is free, where the ends of it are known well."""
        others = (name for name in self._near_said if name != self._state.here)
        # The lexer takes the longest text: as long as in the drives of the report `here`.
        drives = (f'go {said} ; ' for said in map(self._handles.write, others))
        return one_of(in_order(drive, 'replan') for drive in drives)

    @cached_property
    def _look_there(self) -> Part | None:
        """A look at a place that the request speaks of."""
        nodes = self._graph.nodes
        unmapped = (n for n in self._topic.regions if not nodes[n].attributes.get(MAPPED))
        return self._define('LOOK_THERE', in_order('map ', self._nodes(unmapped)))

    @cached_property
    def _say(self) -> Part | None:
        """What a robot that reports in words said of an object, where that is all that is known."""
        quoted = one_text_of(map(self._handles.neutralize, self._told()))
        return self._define('SAY', in_order('answer "', quoted, '"'))

    def _told(self) -> Iterator[str]:
        for action, said in self._feedback.items():
            node = self._graph.nodes.get(str(action.arguments[0])) if action.arguments else None
            if action.name != 'inspect' or node is None or node.name not in self._topic.objects:
                continue
            asked = self._lexicon.asked_attributes(str(action.arguments[1]))
            if not (asked <= node.attributes.keys() if asked else node.description):
                yield _shortened(quote_told(node.name, said))

    def _inspect_for(self, kind: IntentKind) -> Part | None:
        if kind in _LOOKING_AGAIN:
            return self._inspect_again
        if kind == 'describe':
            return one_of([self._inspect_whole, self._inspect if self._topic.values else None])
        is_asked = kind in _INSPECTING or self._topic.asks_attributes
        return self._inspect if is_asked else None

    @cached_property
    def _inspected(self) -> set[tuple]:
        return {action.arguments for action in self._state.done if action.name == 'inspect'}

    @cached_property
    def _inspect_again(self) -> Part | None:
        """As `_inspect`, or for what was known before the mission."""
        question, inspected = self._lexicon.question, self._inspected
        again = self._inspections(lambda name, key: (name, question(key)) not in inspected)
        return self._define('INSPECT_AGAIN', one_of([self._inspect, *again]))

    @cached_property
    def _inspect_whole(self) -> Part | None:
        """Inspections of what was not inspected yet, for nothing special."""
        question, inspected = self._lexicon.question('description'), self._inspected
        names = (n for n in self._topic.near_objects if (n, question) not in inspected)
        return self._define('INSPECT_WHOLE', in_order('inspect ', self._nodes(names)))

    @cached_property
    def _inspect(self) -> Part | None:
        """Inspections of what is not known yet; where the request asks for no attribute, of whole
        things.
        """
        nodes, whole = self._graph.nodes, None
        if not self._topic.asks_attributes:
            whole = in_order('inspect ', self._near_object)
        new = self._inspections(lambda name, key: key not in nodes[name].attributes)
        return self._define('INSPECT', one_of([whole, *new]))

    def _inspections(self, is_left: Callable[[str, str], bool]) -> Iterator[Part | None]:
        """Of the objects for the attributes for which that is left; names are written once for all
        attributes that are left for all of them.
        """
        names, of_all = self._topic.near_objects, []
        for key in self._topic.attributes:
            left = [name for name in names if is_left(name, key)]
            if len(left) == len(names):
                of_all.append(key)
            else:
                yield in_order('inspect ', self._nodes(left), f' {key}')
        yield in_order('inspect ', self._near_object, ' ', one_text_of(of_all))

    @cached_property
    def _ask(self) -> Part | None:
        """Which one of several is meant; what to do, where the request does not say that."""
        what = None if self._topic.things else words('what')
        return self._define('ASK', in_order('ask ', one_of([what, self._which])))

    @cached_property
    def _which(self) -> Part | None:
        names = [*map(self._handles.write, (*self._topic.regions, *self._topic.objects))]
        meant = self._define('MEANT', one_text_of(names))
        more = repeated(in_order(' , ', meant), 0, _MAX_CHOICES - 2)
        return self._define('WHICH', in_order('which ', two_of(names, meant, ' , '), more))


def _shortened(text: str) -> str:
    """A text that is not too long, cut between words."""
    if len(text) <= _MAX_TOLD_CHARS:
        return text
    return text[:_MAX_TOLD_CHARS].rpartition(' ')[0] + ' ...'
