# SPDX-License-Identifier: Apache-2.0
"""The `compact` dialect of the household: a home and a plan in classes.

A prompt says what there is, not where: which one is meant, the way there and its doors are the
graph's to choose (see `skills`). It is written anew each time, as what was done stands in it.

| line | says |
|---|---|
| `home fridge , counter top` | the furniture that is known |
| `has apple , hot mug` | the things that are known, and what became of them |
| `unseen fridge , drawer` | the furniture of which it is not known what it holds |
| `held mug` | what is in the hand |
| `did take mug ; heat` | what was done for the request |
| `failed take mug 3` | what failed last, and how often |
| `task warm a mug` | the request |
| `now counter top ; left 126` | where the robot is, and how many plans it may make |

A reply is the errand under way and what is left of it: `heat mug , desk : take mug ; heat ; put
desk ; done`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from prism_core.dialects.conversation import Dialect, Message, Prompt
from prism_core.domains.household.actions import HOUSEHOLD_ACTIONS
from prism_core.domains.household.classes import STATES, TREATMENTS
from prism_core.domains.household.grammar import write_replies
from prism_core.domains.household.home import Home, read_home
from prism_core.domains.household.planning import make_plan
from prism_core.domains.household.skills import is_treated, list_done, read_skill, say_skills
from prism_core.episode.episode import Turn
from prism_core.episode.mission_state import count_actions
from prism_core.episode.requests import own_turns
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
        """The one message up to the next reply; see `Dialect`."""
        home = read_home(known_graph)
        lines = [*_say_home(home)]
        done = ' ; '.join(map(str, list_done(known_graph, history)))
        lines += [f'did {done}'] * bool(done)
        lines += _say_failure(home, history)
        lines.append(f'task {_SPACE.sub(" ", request).strip()}')
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
        """Read `errand : skills`; `known_graph` chooses which ones are meant."""
        match = _REPLY.fullmatch(text)
        if match is None:
            raise PlanParseError(f'expected "errand : skills", got {text[:60]!r}')
        skills = [read_skill(part) for part in match['skills'].split(' ; ')]
        return make_plan(match['goal'], skills, known_graph)

    def make_grammar(
        self, request: str, known_graph: SceneGraph, history: Sequence[Turn] = ()
    ) -> Lark:
        """The grammar of what can be done next by what is known."""
        return write_replies(known_graph)

    def parse_prompt(self, messages: Sequence[Message], known_graph: SceneGraph) -> Prompt:
        """Refused: where things are is not said.

        Raises:
            PlanParseError: always.
        """
        raise PlanParseError('a prompt of the household tells classes, from which no graph comes')


def _say_home(home: Home) -> Iterator[str]:
    regions = [n for n, node in home.nodes.items() if node.kind == 'region']
    furniture = dict.fromkeys(home.class_of(n) for n in regions)
    lit = {home.class_of(n): None for n, node in home.nodes.items() if 'power' in node.attributes}
    yield f'home {" , ".join(furniture | lit)}'
    things = [n for n in home.holders if home.is_thing(n) and n != home.held]
    if things:
        yield f'has {" , ".join(dict.fromkeys(_say_thing(home, n) for n in things))}'
    unseen = dict.fromkeys(home.class_of(n) for n in home.unseen())
    if unseen:
        yield f'unseen {" , ".join(unseen)}'
    if home.held:
        yield f'held {_say_thing(home, home.held)}'


def _say_thing(home: Home, name: str) -> str:
    states = [STATES[verb] for verb in TREATMENTS if is_treated(home, name, verb)]
    return ' '.join([*states, home.class_of(name)])


def _say_failure(home: Home, history: Sequence[Turn]) -> Iterator[str]:
    """What the last turn ended with, where that failed without any news."""
    turns = own_turns(history)
    last = turns[-1] if turns else None
    if last is None or not last.observations or last.observations[-1].status == 'done':
        return
    action = last.plan.actions[len(last.observations) - 1]
    times = count_actions(turns, HOUSEHOLD_ACTIONS)[1][action]
    if times and all(n in home.nodes for n in HOUSEHOLD_ACTIONS.nodes_of(action)):
        on = (home.class_of(n) for n in HOUSEHOLD_ACTIONS.nodes_of(action)[-1:])
        yield f'failed {" ".join([HOUSEHOLD_ACTIONS[action.name].said, *on])} {times}'
