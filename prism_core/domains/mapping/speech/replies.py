# SPDX-License-Identifier: Apache-2.0
"""The grammar of replies in the mapping domain, on one known graph: form, and what is known.

A goal is of a kind of task and about what the lexicon, the graph or the request has a word for.
Actions are only where known ways lead and something is left to be seen. There is no free text: what
a robot said of what it looked at is quoted, and anything else has a form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import pairwise

from prism_core.dialects.handles import class_words
from prism_core.dialects.plain_text import RADIUS
from prism_core.dialects.reply_grammar import ReplyGrammar
from prism_core.domains.mapping.kinds import KINDS, kinds_in_replies
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.looking import MAPPED
from prism_core.domains.mapping.reports import FORMS_WITHOUT_ANSWER, quote_told
from prism_core.domains.mapping.speech.report_grammar import ReportGrammar
from prism_core.plan.grammar import (
    Part,
    in_order,
    one_of,
    one_text_of,
    optional,
    repeated,
    words,
)

_MAX_GOTOS = 4
_MAX_CLASSES = 3
_MAX_CALLED = 3  # words of the request that may call something
_MAX_TOLD_CHARS = 256  # so that a reply stays short
_WORD = re.compile(r"[^\W_]+(?:['\-][^\W_]+)*")
_CALL = re.compile(r'[^\W_]+( [^\W_]+)*')
_NUMBER = re.compile(r'-?\d{1,6}(?:\.\d{1,3})?')


def write_mapping_replies(grammar: ReplyGrammar, lexicon: Lexicon) -> Part | None:
    """The grammar of `goal : steps`."""
    return _Replies(grammar, lexicon).write()


class _Replies:
    """Writes on one grammar."""

    def __init__(self, grammar: ReplyGrammar, lexicon: Lexicon):
        self._grammar, self._lexicon = grammar, lexicon
        self._graph, self._state = grammar.graph, grammar.state
        define = self._define = grammar.writer.define
        self._region = define('REGION', grammar.nodes(grammar.near_regions))
        self._object = define('OBJECT', grammar.nodes(grammar.near_objects))
        self._called = define('CALLED', one_text_of(self._calls()))
        more = repeated(in_order(' or ', self._called), 0, _MAX_CLASSES - 1)
        self._about = define('ABOUT', in_order(' ', self._called, more))

    def _calls(self) -> Iterator[str]:
        """All that something may be called: by the lexicon, in the graph, in the request."""
        lexicon, neutralize = self._lexicon, self._grammar.handles.neutralize
        classes = [*lexicon.all_calls, *map(class_words, self._graph.nodes.values())]
        yield from classes
        if any(map(_CALL.fullmatch, self._graph.nodes)):  # a name in a goal is written as its node
            yield from map(neutralize, classes)
        said = _WORD.findall(neutralize(self._grammar.request).lower())
        for start in range(len(said)):
            for end in range(start + 1, min(start + _MAX_CALLED, len(said)) + 1):
                yield ' '.join(said[start:end])

    def write(self) -> Part | None:
        """All replies."""
        reports = ReportGrammar(self._grammar, self._lexicon, self._about).write()
        define, inspect = self._define, self._inspect()
        drives = repeated(define('DRIVE', in_order('go ', self._region, ' ; ')), 0, _MAX_GOTOS)
        looks = one_of([self._map(self._unmapped()), *self._searches(), inspect])
        look, again = define('LOOK', looks), define('LOOK_AGAIN', self._map(self._not_looked_at()))
        others = [self._say(), *(reports[form] for form in FORMS_WITHOUT_ANSWER)]
        common = define('COMMON', one_of(others))
        asked = [reports['which'], reports['alike'], words('ask what')]
        questions = define('ASK', one_of(asked))
        # One terminal up to the colon: the lexer takes the longest and does not go back.
        about = define('ABOUT_IT', in_order(optional(self._about), ' : '))
        replies = []
        for name in kinds_in_replies():
            kind = KINDS[name]
            answers = (reports.get(form) for form in kind.forms if form != 'here')
            tried = [again] if kind.looks_again else []
            if kind.looks_again or kind.drives_on:
                tried.append(self._try_way)
            ends = one_of([*answers, questions, common, look, *tried])
            if kind.drives_on:
                ends = in_order(drives, ends)
            here = reports['here'] if 'here' in kind.forms else None
            replies.append(in_order(name, about, one_of([ends, here])))
        return one_of(replies)

    # -------------------------------------------------------------------------------------- steps

    def _map(self, names: Iterable[str]) -> Part | None:
        return in_order('map ', self._grammar.nodes(names))

    def _unmapped(self) -> Iterator[str]:
        nodes = self._graph.nodes
        return (n for n in self._grammar.near_regions if not nodes[n].attributes.get(MAPPED))

    def _not_looked_at(self) -> Iterator[str]:
        """What was not looked at in this mission, whatever was known before."""
        done = self._state.done_on('map_region')
        return (name for name in self._grammar.near_regions if name not in done)

    @cached_property
    def _try_way(self) -> Part | None:
        """A drive that shows whether a way is free, where the ends of it are known well."""
        others = [name for name in self._grammar.near_regions if name != self._state.here]
        return self._define('TRY', in_order('go ', self._grammar.nodes(others), ' ; replan'))

    def _searches(self) -> Iterator[Part | None]:
        """Steps that look for more regions."""
        nodes, state = self._grammar.nodes, self._state
        unexplored = (f.region for f in state.frontiers if f.action.name == 'explore_region')
        yield in_order('explore ', nodes(unexplored), optional(in_order(' ', RADIUS)))
        far = (n for n, r in self._graph.regions.items() if r.position and n in state.unreachable)
        yield in_order('extend ', nodes(far))
        yield in_order('extend ', one_text_of(self._positions()))

    def _positions(self) -> Iterator[str]:
        """The pairs of numbers in the request."""
        at = {node.position: name for name, node in self._graph.regions.items()}
        numbers = [float(number) for number in _NUMBER.findall(self._grammar.request)]
        for position in pairwise(numbers):
            known = at.get(position)
            yield '{:g} {:g}'.format(*position) if known is None else self._write(known)

    def _write(self, name: str) -> str:
        return self._grammar.handles.write(name)

    def _inspect(self) -> Part | None:
        """Inspections that were not made in this mission."""
        question = self._lexicon.question
        inspected = {a.arguments for a in self._state.done if a.name == 'inspect'}
        whole, parts = question('description'), list[Part | None]()
        near = self._grammar.near_objects
        left = [n for n in near if (n, whole) not in inspected]
        parts.append(in_order('inspect ', self._grammar.nodes(left)))
        of_all = list[str]()
        for key in self._lexicon.attributes:
            left = [n for n in near if (n, question(key)) not in inspected]
            if len(left) == len(near):
                of_all.append(key)
            else:
                parts.append(in_order('inspect ', self._grammar.nodes(left), f' {key}'))
        parts.append(in_order('inspect ', self._object, ' ', one_text_of(of_all)))
        return self._define('INSPECT', one_of(parts))

    def _say(self) -> Part | None:
        """What a robot that reports in words said of an object, where that is all that is known."""
        neutralize = self._grammar.handles.neutralize
        return self._define(
            'SAY', in_order('answer "', one_text_of(map(neutralize, self._told())), '"')
        )

    def _told(self) -> Iterator[str]:
        for action, said in self._grammar.feedback.items():
            if action.name != 'inspect' or len(action.arguments) < 2:  # it was refused
                continue
            name, query = map(str, action.arguments[:2])
            node = self._graph.nodes.get(name)
            if node is None:
                continue
            asked = self._lexicon.asked_attributes(query)
            if not (asked <= node.attributes.keys() if asked else node.description):
                yield _shortened(quote_told(node.name, said))


def _shortened(text: str) -> str:
    """A text that is not too long, cut between words."""
    if len(text) <= _MAX_TOLD_CHARS:
        return text
    return text[:_MAX_TOLD_CHARS].rpartition(' ')[0] + ' ...'
