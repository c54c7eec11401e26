# SPDX-License-Identifier: Apache-2.0
"""What is odd about a plan that the validator accepts: it repeats itself, leads nowhere, asks what
was asked, says what nobody can have meant.

A plan that is suspicious is not shown to be wrong, but another planner's is more likely right. The
rules know the table of actions and the words of a domain, no single action; no plan of a teacher
that is handed what the request means is suspicious.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from prism_core.episode.episode import Turn
from prism_core.episode.mission_state import MAX_TRIES
from prism_core.graph.calling import is_called
from prism_core.graph.elements import quote
from prism_core.graph.names_in_text import NamesInText
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.actions import Action, ActionSpec, ActionTable, ArgumentKind, Role
from prism_core.plan.plan import Plan
from prism_core.plan.steps import render_steps

_WORD = re.compile(r'[^\W\d_]+')
_CHOICE = re.compile(r' or |, ')
_MIN_UNKNOWN, _UNKNOWN_SHARE = 2, 0.5
_MIN_DRIVES = 2  # of the mission so far, before it can be to and fro


@dataclass(frozen=True)
class Vocabulary:
    """What a planner of a domain may say without having read it.

    Attributes:
        words: any words, in small letters.
        classes: of things, which it may count or miss.
        no_nouns: words of which there are none to count or to miss.
        counted: the classes that a text, said on a known graph, counts or misses.
        overlooked: the known nodes in the names of which a word stands that a text says there is
            nothing of.
    """

    words: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    no_nouns: frozenset[str] = frozenset()
    counted: Callable[[str, SceneGraph], Iterable[str]] = lambda text, graph: ()
    overlooked: Callable[[str, SceneGraph], Iterable[str]] = lambda text, graph: ()


def suspect(
    plan: Plan,
    request: str,
    known_graph: SceneGraph,
    history: Sequence[Turn],
    table: ActionTable,
    vocabulary: Vocabulary | None = None,
) -> str:
    """What is odd about a valid plan, as a sentence; '' for nothing.

    Args:
        plan: accepted by the validator on `known_graph`.
        request: the task in the user's words.
        known_graph: what the robot knows now.
        history: the turns of this mission, oldest first.
        table: the actions of the robot.
        vocabulary: what the planner may say; None where it writes sentences of its own, in whatever
            language: those are not judged.
    """
    doubts = _Doubts(plan, request, known_graph, history, table, vocabulary)
    return next(doubts.sentences(), '')


class _Doubts:
    """Of one plan."""

    def __init__(
        self,
        plan: Plan,
        request: str,
        graph: SceneGraph,
        history: Sequence[Turn],
        table: ActionTable,
        vocabulary: Vocabulary | None,
    ):
        self._actions = plan.actions
        self._request, self._graph, self._history = request, graph, history
        self._table, self._vocabulary = table, vocabulary
        self._here = graph.robot_location or ''

    def sentences(self) -> Iterator[str]:
        """What is odd, one sentence after the other."""
        yield from self._repeated()
        yield from self._failed_before()
        yield from self._pointless()
        yield from self._done_before()
        yield from self._to_and_fro()
        for action in self._actions:
            if self._table[action.name].ends_mission and action.arguments:
                yield from self._said(str(action.arguments[-1]))
            elif self._vocabulary is not None and _has_text(self._table[action.name]):
                yield from self._gibberish(str(action.arguments[-1]), self._vocabulary)

    # ------------------------------------------------------------------------------- what is done

    def _repeated(self) -> Iterator[str]:
        for number, (one, other) in enumerate(zip(self._actions, self._actions[1:]), 2):
            if one == other:
                yield f'Step {number} repeats the step before it: {render_steps([one])}.'

    def _failed_before(self) -> Iterator[str]:
        """A step that failed, though nothing is new since: a drive from the same place, or anything
        else so often that it is not worth another try.
        """
        failed = Counter[Action]()
        for turn in self._history:
            for action, observation in zip(turn.plan.actions, turn.observations):
                if observation.is_news:
                    failed.clear()
                elif observation.status != 'done' and turn.robot_location == self._here:
                    failed[action] += 1
        for action in self._actions:
            if failed[action] >= (1 if _is_drive(self._table[action.name]) else MAX_TRIES):
                yield f'The same failed before, and nothing is new since: {render_steps([action])}.'

    def _pointless(self) -> Iterator[str]:
        """Nothing but drives to where the robot stands, and stand-ins for what comes after."""
        specs = [self._table[action.name] for action in self._actions]
        drives = [a for a, s in zip(self._actions, specs) if _is_drive(s)]
        others = [s for s in specs if not _is_drive(s) and (s.arguments or s.ends_mission)]
        if drives and not others and {action.arguments[0] for action in drives} == {self._here}:
            yield f'The robot is at {self._here} already, and the plan only drives there.'

    def _done_before(self) -> Iterator[str]:
        """The plan, or its last look, was carried out before, and nothing is new since."""
        last = self._actions[-1]
        spec = self._table[last.name]
        if spec.ends_mission:
            return
        for turn in self._quiet_turns(with_first=True):
            seen = [o for o in turn.observations if o.status == 'done']
            is_same = turn.plan.actions == self._actions and turn.robot_location == self._here
            if is_same and len(seen) == len(self._actions):
                yield (
                    f'The same was done from {self._here} before, and nothing is new since: '
                    f'{render_steps(self._actions)}.'
                )
            done = [a for a, o in zip(turn.plan.actions, turn.observations) if o.status == 'done']
            if _has_text(spec) and last in done:
                asked = render_steps([last])
                yield f'The same was asked before, and nothing is new since: {asked}.'

    def _quiet_turns(self, *, with_first: bool = False) -> list[Turn]:
        """The last turns of the mission that brought no news; with the one before them."""
        start, heard = 0, set[str]()
        for number, turn in enumerate(self._history, 1):
            told = {o.feedback for o in turn.observations if o.feedback}
            is_news = any(o.is_news or o.status != 'done' for o in turn.observations)
            if is_news or not told <= heard:
                start = number
            heard |= told
        return [*self._history[max(0, start - with_first) :]]

    def _to_and_fro(self) -> Iterator[str]:
        """The robot drives between the same two places, and nothing is new."""
        quiet = self._quiet_turns()
        if sum(1 for turn in quiet if self._drives(turn.plan.actions)) < _MIN_DRIVES:
            return
        driven = [place for turn in quiet for place in self._drives(turn.plan.actions)]
        trail = [quiet[0].robot_location, *driven, *self._drives(self._actions)]
        trail = [place for at, place in enumerate(trail) if not at or place != trail[at - 1]]
        if len(trail) >= 4 and self._drives(self._actions) and trail[-2:] == trail[-4:-2]:
            yield f'The robot drives to and fro between {trail[-2]} and {trail[-1]} without news.'

    def _drives(self, actions: Sequence[Action]) -> list[str]:
        return [
            str(action.arguments[0])
            for action in actions
            if action.name in self._table and _is_drive(self._table[action.name])
        ]

    # ------------------------------------------------------------------------------- what is said

    def _said(self, text: str) -> Iterator[str]:
        if text.rstrip().endswith('?'):
            yield from self._asked_before(text)
            yield from self._no_choice(text)
        if self._vocabulary is not None:
            yield from self._no_thing(text, self._vocabulary)
            yield from self._not_looked_at(text, self._vocabulary)
            yield from self._gibberish(text, self._vocabulary)

    def _asked_before(self, text: str) -> Iterator[str]:
        said = [a for turn in self._history for a in turn.plan.actions]
        for action in said:
            is_end = action.name in self._table and self._table[action.name].ends_mission
            if is_end and action.arguments and action.arguments[-1] == text:
                yield f'It was asked before: {quote(text)}.'

    def _no_choice(self, text: str) -> Iterator[str]:
        """A question that offers one node twice."""
        _, colon, choices = text.rpartition(': ')
        offered = [choice.strip() for choice in _CHOICE.split(choices.rstrip('? '))]
        named = [choice for choice in offered if choice in self._graph.nodes]
        twice = next((name for name in named if named.count(name) > 1), '')
        if colon and twice:
            yield f'The question offers {twice} twice: {quote(text)}.'

    def _no_thing(self, text: str, vocabulary: Vocabulary) -> Iterator[str]:
        """A report of how many there are of what nobody can have meant."""
        for name in vocabulary.counted(text, self._graph):
            if not self._is_thing(name, vocabulary):
                yield (
                    f'The answer speaks of {quote(name)} as of a thing, of which the request does '
                    'not speak.'
                )

    def _not_looked_at(self, text: str, vocabulary: Vocabulary) -> Iterator[str]:
        """A report that there is none of what may be one, which nobody has looked at."""
        looked_at = {
            a for turn in self._history for act in turn.plan.actions for a in act.arguments
        }
        left = (n for n in vocabulary.overlooked(text, self._graph) if n not in looked_at)
        name = next(iter(left), '')
        if name:
            yield f'The answer says that there is none, and nobody has looked at {quote(name)}.'

    def _is_thing(self, name: str, vocabulary: Vocabulary) -> bool:
        if name in vocabulary.classes or name in self._graph.nodes:
            return True
        if any(is_called(node, (name,)) for node in self._graph.nodes.values()):
            return True
        said = self._request.lower()
        words = _WORD.findall(name.lower())
        # 'pooch' of 'pooches'
        is_said = name.lower() in said or all(word[:-1] in said for word in words)
        return bool(words) and is_said and vocabulary.no_nouns.isdisjoint(words)

    def _gibberish(self, text: str, vocabulary: Vocabulary) -> Iterator[str]:
        """Words that stand nowhere: not in the request, the graph or what was observed."""
        told = NamesInText(self._graph.nodes).replace(text, '')
        words = _words(told)
        unknown = [word for word in words if word not in vocabulary.words]
        if self._is_too_many(unknown, words):
            known = _words(self._request) + [w for text in self._read() for w in _words(text)]
            unknown = [word for word in unknown if word not in {*known}]
        if self._is_too_many(unknown, words):
            found = ', '.join(map(quote, [*dict.fromkeys(unknown)][:3]))
            yield f'Most of what it says stands nowhere and is no known word: {found}.'

    @staticmethod
    def _is_too_many(unknown: Sequence[str], words: Sequence[str]) -> bool:
        return len(unknown) >= _MIN_UNKNOWN and len(unknown) > _UNKNOWN_SHARE * len(words)

    def _read(self) -> Iterator[str]:
        """What a planner has read besides the request."""
        for node in self._graph.nodes.values():
            yield f'{node.name} {node.description}'
            for key, value in node.attributes.items():
                yield f'{key} {value}'
        for turn in self._history:
            for observation in turn.observations:
                yield observation.feedback


def _words(text: str) -> list[str]:
    """The words of a text, but for single letters."""
    return [word for word in _WORD.findall(text.lower().replace('_', ' ')) if len(word) > 1]


def _is_drive(spec: ActionSpec) -> bool:
    """Whether an action only brings the robot to a region."""
    return spec.role is Role.DRIVE


def _has_text(spec: ActionSpec) -> bool:
    return any(argument.kind is ArgumentKind.TEXT for argument in spec.arguments)
