# SPDX-License-Identifier: Apache-2.0
"""The grammar of replies in the mapping domain, on one known graph: form, and what is known.

A goal is of a kind of task and about what the lexicon, the graph or the request has a word for.
Actions are only where known ways lead and something is left to be seen. There is no free text: what
a robot said of what it looked at is quoted, and anything else has a form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import pairwise

from prism_core.dialects.handles import class_words
from prism_core.dialects.plain_text import RADIUS
from prism_core.dialects.reply_grammar import ReplyGrammar
from prism_core.domains.mapping.intent import CONSTRAINTS
from prism_core.domains.mapping.kinds import KINDS
from prism_core.domains.mapping.kinds.kind import Kind
from prism_core.domains.mapping.lexicon import Lexicon
from prism_core.domains.mapping.looking import MAPPED
from prism_core.domains.mapping.reading.tokens import singular
from prism_core.domains.mapping.report_forms import FORMS_OF_WHOLE, FORMS_WITHOUT_ANSWER
from prism_core.domains.mapping.reports import quote_told
from prism_core.domains.mapping.speech.report_grammar import ReportGrammar
from prism_core.domains.mapping.speech.said_reports import JOINT, THERE
from prism_core.plan.grammar import (
    Part,
    in_order,
    one_of,
    one_text_of,
    optional,
    repeated,
    two_of,
    words,
)

_MAX_GOTOS = 4
_MAX_BOUNDS = 3
_MAX_PARTS = 8
_MAX_TOLD = 4  # objects of which a robot said something in words
_MAX_TOLD_CHARS = 256  # so that a reply stays short
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
        self._reports = ReportGrammar(grammar, lexicon, self._called)

    def _calls(self) -> Iterator[str]:
        """All that something may be called: by the lexicon, in the graph, in the request."""
        lexicon, neutralize = self._lexicon, self._grammar.handles.neutralize
        known = map(class_words, self._graph.nodes.values())
        classes = [*lexicon.all_calls, *lexicon.synonyms, *known]
        yield from classes
        if any(map(_CALL.fullmatch, self._graph.nodes)):  # a name in a goal is written as its node
            yield from map(neutralize, classes)
        for said in self._grammar.said_words():
            *before, last = said.split(' ')
            yield said
            yield ' '.join((*before, singular(last)))

    def write(self) -> Part | None:
        """All replies."""
        # One terminal up to the colon: the lexer takes the longest and does not go back. For the
        # same reason a step is one, and so is each part of an answer with the joint behind it.
        define, about = self._define, self._reports.about
        named = define('NAMED', in_order(about, ' : '))
        bounds = [in_order(f' , {bound}', optional(about)) for bound in CONSTRAINTS]
        bound = in_order(optional(about), repeated(one_of(bounds), 1, _MAX_BOUNDS), ' : ')
        bound, bound_steps = define('BOUND', bound), define('bound_steps', self._bound_steps())
        replies = []
        for kind in KINDS.values():
            if not kind.has_intents:
                continue
            goals = [in_order(named, self._ends(kind, is_named=True)), in_order(bound, bound_steps)]
            if not kind.is_always_named:
                goals.append(in_order(' : ', self._ends(kind, is_named=False)))
            replies.append(in_order(kind.name, one_of(goals)))
        return one_of(replies)

    def _ends(self, kind: Kind, *, is_named: bool) -> Part | None:
        """All that may be done for a goal of a kind."""
        looks = [self._look, self._again if kind.looks_again else None]
        if kind.looks_again or kind.drives_on:
            looks.append(self._try_way)
        answers = [self._say(form, is_named) for form in kind.forms if form != 'here']
        here = self._arrive if 'here' in kind.forms else None
        drives = self._drives if kind.drives_on else ''
        if kind.most_steps:
            answers += [self._joined, None if kind.tells_each else self._one]
        ends = one_of([*answers, self._ask(is_named), self._common(is_named), *looks])
        if here is None:
            return in_order(drives, ends)
        return one_of([ends, here, in_order(drives, one_of(looks)) if drives else None])

    # ------------------------------------------------------------------------------------- reports

    @cached_property
    def _named_forms(self) -> Mapping[str, Part | None]:
        return self._reports.write(is_named=True)

    @cached_property
    def _forms(self) -> Mapping[str, Part | None]:
        return self._reports.write(is_named=False)

    def _say(self, form: str, is_named: bool) -> Part | None:
        forms = self._named_forms if is_named else self._forms
        return self._define(f'SAY_{form.upper()}', in_order('answer ', forms[form]))

    def _common(self, is_named: bool) -> Part | None:
        """What may be said whatever is asked."""
        others = [self._say(form, is_named) for form in FORMS_WITHOUT_ANSWER]
        return self._define('COMMON', one_of([*others, in_order('answer ', self._told)]))

    def _ask(self, is_named: bool) -> Part | None:
        forms = self._named_forms if is_named else self._forms
        asked = [in_order('ask ', forms[form]) for form in ('which', 'alike')]
        return self._define('ASK', one_of([*asked, words('ask what')]))

    @cached_property
    def _part(self) -> Part | None:
        """A report of any form."""
        parts = (part for form, part in self._forms.items() if form not in FORMS_OF_WHOLE)
        return self._define('PART', one_of([*parts, self._told]))

    @cached_property
    def _one(self) -> Part | None:
        """The report of one thing alone."""
        return self._define('ONE', in_order('answer ', self._part))

    @cached_property
    def _told_part(self) -> Part | None:
        """A report of any form; or that the robot was, or will have been, somewhere."""
        been = {self._state.here, *self._state.done_on('goto')}
        places = self._grammar.nodes(name for name in self._graph.regions if name in been)
        been_at = in_order('been_at ', places)
        return self._define(
            'TOLD_PART', one_of([self._part, in_order(f'{THERE} ', self._region), been_at])
        )

    @cached_property
    def _joined(self) -> Part | None:
        """Several reports; where the robot is in the end comes last."""
        here, done = in_order('here ', self._region), self._forms['done']
        last = self._define('LAST', one_of([self._told_part, here, done]))
        return self._join(self._told_part, last)

    def _join(self, part: Part | None, last: Part | None) -> Part | None:
        behind = f' {JOINT} '
        first = self._define('FIRST', in_order('answer ', part, behind))
        more = self._define('MORE', in_order(part, behind))
        joined = in_order(first, repeated(more, 0, _MAX_PARTS - 2), last)
        return self._define('joined', joined)

    def _bound_steps(self) -> Part | None:
        """All that may be done for a goal that has bounds, whatever its kind."""
        define = self._define
        part = define('BOUND_PART', one_of([self._told_part, *self._reports.write_bounded()]))
        here, done = in_order('here ', self._region), self._forms['done']
        last = define('BOUND_LAST', one_of([part, here, done, self._reports.write_left_out()]))
        one = define('BOUND_ONE', in_order('answer ', last))
        looks = [self._look, self._again, self._try_way, self._ask(False), self._common(False)]
        return in_order(self._drives, one_of([one, self._join(part, last), *looks]))

    # -------------------------------------------------------------------------------------- steps

    @cached_property
    def _drives(self) -> Part | None:
        """Drives that bring no news."""
        return repeated(self._define('DRIVE', in_order('go ', self._region, ' ; ')), 0, _MAX_GOTOS)

    @cached_property
    def _look(self) -> Part | None:
        """What shows more."""
        parts = [self._map(self._unmapped()), *self._searches(), self._inspect()]
        return self._define('LOOK', one_of(parts))

    @cached_property
    def _again(self) -> Part | None:
        """A look where all was known before the mission."""
        return self._define('LOOK_AGAIN', self._map(self._not_looked_at()))

    @cached_property
    def _arrive(self) -> Part | None:
        """That the robot is somewhere is said together with the drive there."""
        here, write = self._state.here, self._grammar.handles.write
        parts = (
            in_order('' if name == here else f'go {write(name)} ; ', f'answer here {write(name)}')
            for name in self._grammar.near_regions
        )
        return self._define('ARRIVE', one_of(parts))

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
        for key in (*self._lexicon.attributes, 'text'):
            left = [n for n in near if (n, question(key)) not in inspected]
            if len(left) == len(near):
                of_all.append(key)
            else:
                parts.append(in_order('inspect ', self._grammar.nodes(left), f' {key}'))
        parts.append(in_order('inspect ', self._object, ' ', one_text_of(of_all)))
        return self._define('INSPECT', one_of(parts))

    @cached_property
    def _told(self) -> Part | None:
        """What a robot that reports in words said of objects, where that is all that is known."""
        texts = [*map(self._grammar.handles.neutralize, self._told_texts())]
        one = self._define('TOLD_TEXT', one_text_of(texts))
        several = in_order(two_of(texts, one, ' '), repeated(in_order(' ', one), 0, _MAX_TOLD - 2))
        said = one_of([in_order(optional(words('No. ')), one), several])
        return self._define('TOLD', in_order('"', said, '"'))

    def _told_texts(self) -> Iterator[str]:
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
