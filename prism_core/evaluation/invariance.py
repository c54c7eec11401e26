# SPDX-License-Identifier: Apache-2.0
"""Does a planner go by what things are, and not by what they are called or where they stand in a
text? Names are permuted, the order of nodes and connections is shuffled, and the class that a
request speaks of is exchanged for another.

Knows neither whether a plan is right nor whether it was one of several that are equally good.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from prism_core.dataset.teaching import Watched
from prism_core.domain import Domain
from prism_core.episode.episode import Episode, Task
from prism_core.episode.renaming import rename_graph, rename_task
from prism_core.errors import PlannerError
from prism_core.evaluation.candidates import Opened
from prism_core.evaluation.variants import permute_names, shuffle
from prism_core.graph.calling import class_of
from prism_core.graph.scene_graph import SceneGraph
from prism_core.plan.plan import Plan
from prism_core.plan.validation import validate_plan
from prism_core.text import phrase_pattern

State = tuple[Task, SceneGraph]
"""What a planner is asked, and what is known then."""
_Meaning = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Share:
    """Of so many cases, how many went as they should."""

    kept: int = 0
    cases: int = 0

    def __str__(self) -> str:
        return f'{self.kept / self.cases:.1%} of {self.cases:,}' if self.cases else 'no case'


@dataclass(frozen=True)
class Invariance:
    """Over some states, how many plans followed.

    `names`: under permuted names the plan was the same under the permuted names. `order`: in
    another order of nodes and connections it was the same; where it was not, the planner may have
    chosen between equals. `words`: with another class in the request it was about a node of that
    class; only where it had been about one of the class that was said. A state on which there is no
    valid plan is no case; a valid plan that becomes none did not follow.
    """

    states: int
    names: Share
    order: Share
    words: Share

    def __str__(self) -> str:
        return (
            f'plans that follow permuted names {self.names}, that stay in another order '
            f'{self.order}, that follow the class word {self.words}'
        )


def states_of(episodes: Iterable[Episode]) -> Iterator[State]:
    """The task of each episode with what was known at each of its turns, the first at least; not of
    what follows something up, which asks nothing by itself.
    """
    for episode in episodes:
        if episode.before is not None:
            continue
        graph = episode.known_graph
        yield episode.task, graph
        for turn in episode.turns[:-1]:
            for observation in turn.observations:
                graph = graph.apply(observation.update)
            yield episode.task, graph


def measure_invariance(
    candidate: Opened,
    domain: Domain,
    states: Iterable[State],
    on_state: Callable[[int], None] = lambda done: None,
) -> Invariance:
    """Ask a candidate for plans on states and on what they turn into, each as a new mission.

    Args:
        candidate: gives the planner for a task.
        domain: whose actions and words are used.
        states: any; a candidate that is made for what a sentence means needs tasks with intents.
        on_state: told after each state how many are done.

    Raises:
        RunStopped: the planner is unavailable.
    """
    found: Counter[tuple[str, bool]] = Counter()
    done = 0
    for done, (task, graph) in enumerate(states, 1):
        rng = random.Random(done)  # noqa: S311 - no secret
        found.update(_Trial(candidate, domain, task, graph).cases(rng))
        on_state(done)
    shares = {
        part: Share(found[part, True], found[part, True] + found[part, False])
        for part in ('names', 'order', 'words')
    }
    return Invariance(done, **shares)


@dataclass(frozen=True)
class _Trial:
    """A state, and who is asked about it."""

    candidate: Opened
    domain: Domain
    task: Task
    graph: SceneGraph

    def cases(self, rng: random.Random) -> Iterator[tuple[str, bool]]:
        """Each case that the state is: of what, and whether the plan followed."""
        plan = self._plan(self.task, self.graph)
        if plan is None:
            return
        same = {name: name for name in self.graph.nodes}
        yield 'order', self._means(plan, same, self.task, shuffle(self.graph, rng))
        names = permute_names(self.graph, rng)
        renamed = rename_task(self.task, names), rename_graph(self.graph, names)
        yield 'names', self._means(plan, names, *renamed)
        exchanged = self.domain.exchange_class(self.task, self.graph, rng)
        if exchanged is not None:
            task, before, after = exchanged
            if before in self._classes(plan):
                other = self._plan(task, self.graph)
                classes = self._classes(other) if other is not None else frozenset()
                yield 'words', after in classes and before not in classes

    def _plan(self, task: Task, graph: SceneGraph) -> Plan | None:
        """The candidate's plan, if it is valid."""
        try:
            plan = Watched(self.candidate(task)).plan(task.request, graph, ())
        except PlannerError:
            return None
        return plan if validate_plan(plan, graph, self.domain.table).is_valid else None

    def _means(self, plan: Plan, names: Mapping[str, str], task: Task, graph: SceneGraph) -> bool:
        """Whether the candidate's plan on another graph means the same under other names."""
        other = self._plan(task, graph)
        same = {name: name for name in graph.nodes}
        return other is not None and meaning_of(other, same) == meaning_of(plan, names)

    def _classes(self, plan: Plan) -> frozenset[str]:
        """The classes of what the last action that names nodes names."""
        nodes = self.graph.nodes
        for _, *arguments in reversed(meaning_of(plan, {name: name for name in nodes})):
            said = {name for part in arguments if isinstance(part, frozenset) for name in part}
            if said:
                return frozenset(class_of(nodes[name]) for name in said)
        return frozenset()


def meaning_of(plan: Plan, names: Mapping[str, str]) -> _Meaning:
    """The actions of a plan with their numbers and, of names and texts, the nodes that are named.

    Args:
        plan: any.
        names: for each known name what it is called instead.
    """
    pattern = phrase_pattern(names)
    return [
        (
            action.name,
            *(
                frozenset(names[name] for name in pattern.findall(value))
                if isinstance(value, str)
                else value
                for value in action.arguments
            ),
        )
        for action in plan.actions
    ]
