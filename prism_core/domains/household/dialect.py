# SPDX-License-Identifier: Apache-2.0
"""The `compact` dialect of the household: a home and a plan in classes.

A prompt says what there is, not where: which one is meant, the way there and its doors are the
graph's to choose (see `skills`). It is written anew each time, as what was done stands in it, and
says the `Situation` that the teacher goes by, of what can be reached.

| line | says |
|---|---|
| `home fridge , counter top` | furniture, rooms, lamps and faucets |
| `full stove burner` | the furniture of which none has room |
| `has apple , 2 hot mug` | the things that are known, how many, and what became of them |
| `unseen fridge , drawer` | the furniture of which it is not known what it holds, nearest first |
| `held mug` | what is in the hand |
| `did take mug ; heat` | what was done for the request |
| `failed take mug 3` | what failed last, or too often, and how often |
| `task warm a mug` | the request |
| `now counter top ; left 126` | where the robot is, and how many plans it may make |

A reply is the errand under way and what is left of it: `heat mug, desk : take mug ; heat ; put
desk ; done`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from prism_core.dialects.conversation import Dialect, Message
from prism_core.domains.household.classes import KNIVES, VESSELS, is_slice, whole_of
from prism_core.domains.household.grammar import GOALS, STACK, write_replies
from prism_core.domains.household.home import read_home
from prism_core.domains.household.planning import make_plan
from prism_core.domains.household.situation import Situation, survey_home
from prism_core.domains.household.skills import Skill, read_skill, say_skills
from prism_core.episode.episode import Turn
from prism_core.errors import PlanParseError
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.grammar import Lark
from prism_core.plan.plan import Plan

_REPLY = re.compile(r'\s*(?P<goal>[^:]*?) : (?P<skills>.+)', re.DOTALL)
_SPACE = re.compile(r'\s+')


class HouseholdDialect(Dialect):
    """Writes for one mission, each prompt anew."""

    name = 'compact'
    version = 2
    is_rewritten = True
    least_node_tokens = 0

    def render_prompt(
        self,
        request: str,
        known_graph: SceneGraph,
        history: Sequence[Turn],
        *,
        since: int = 0,
        header: str = '',
    ) -> list[Message]:
        """The one message up to the next reply."""
        lines = [*_say(survey_home(known_graph, history))]
        lines.append(f'task {_SPACE.sub(" ", request).strip()}')
        home = read_home(known_graph)
        state = self.survey(known_graph, history)
        here = home.class_of(home.here) if home.here in home.nodes else 'nowhere'
        lines.append(f'now {here} ; left {state.turns_left}')
        start: list[Message] = [{'role': 'system', 'content': header}] if header else []
        return [*start, {'role': 'user', 'content': '\n'.join(lines)}]

    def render_reply(self, plan: Plan, known_graph: SceneGraph) -> str:
        """A plan as `errand : skills`.

        Raises:
            PlanParseError: it is none that skills become.
        """
        skills = say_skills(plan.actions, known_graph)
        if not skills:
            raise PlanParseError('expected a plan that takes, puts or looks, got one without')
        return f' {plan.primary_goal} : {" ; ".join(map(str, skills))}'

    def parse_reply(self, text: str, known_graph: SceneGraph) -> Plan:
        """Read `errand : skills`; `known_graph` chooses which ones are meant.

        Raises:
            PlanParseError: it is no reply, cannot be done, or takes what its errand does not name.
        """
        match = _REPLY.fullmatch(text)
        if match is None:
            raise PlanParseError(f'expected "errand : skills", got {text[:60]!r}')
        skills = [read_skill(part) for part in match['skills'].split(' ; ')]
        _check_errand(match['goal'], skills)
        return make_plan(match['goal'], skills, known_graph)

    def make_grammar(
        self, request: str, known_graph: SceneGraph, history: Sequence[Turn] = ()
    ) -> Lark:
        """The grammar of what can be done next by what is known."""
        return write_replies(known_graph)


def _check_errand(goal: str, skills: Sequence[Skill]) -> None:
    """Refuse to take what is not spoken of: who fetches a mug for another errand has made it up."""
    kind, _, named = goal.partition(' ')
    if kind not in GOALS:
        return
    may_be_taken = {*named.split(', '), *(VESSELS if kind == STACK else ())}
    thing = named.split(', ')[0]
    may_be_taken |= {*KNIVES, whole_of(thing)} if is_slice(thing) else set()
    for skill in skills:
        if skill.verb == 'take' and skill.words not in may_be_taken:
            raise PlanParseError(f'expected to take what {goal[:60]!r} names, got {skill}')


def _say(told: Situation) -> Iterator[str]:
    """The lines up to the task; none about nothing."""
    things = [f'{number} {said}' if number > 1 else said for said, number in told.things.items()]
    lines = {
        'home': ' , '.join(told.fixtures),
        'full': ' , '.join(told.full),
        'has': ' , '.join(things),
        'unseen': ' , '.join(told.unseen),
        'held': told.held,
        'did': ' ; '.join(map(str, told.done)),
        'failed': ' ; '.join(f'{said} {times}' for said, times in told.failed),
    }
    yield from (f'{word} {said}' for word, said in lines.items() if said)
