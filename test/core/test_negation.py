# SPDX-License-Identifier: Apache-2.0
"""Whatever a request says not to go to, is not gone to, whatever it is called."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_core import Connection, Node, SceneGraph
from prism_core.domains.mapping.domain import MappingDomain
from prism_core.episode.criterion import Criterion
from prism_core.episode.driven_way import driven_way
from prism_core.episode.episode import Episode, Task
from prism_core.episode.planner import run_episode

DOMAIN = MappingDomain()
SYMBOLIC = DOMAIN.make_symbolic()
NOT_THERE = (
    'do not go to {x}',
    "Don't go to {x}.",
    'You must not enter {x}.',
    'go anywhere but {x}',
    'anywhere but {x}',
    'stay out of {x}',
    'Stay away from {x}, please.',
    'leave {x} alone',
    'avoid {x}',
    'under no circumstances enter {x}',
    '{x} is off limits',
    "whatever you do, don't go into {x}",
    'there is no need to visit {x}',
    'skip {x}',
    'never go near {x}',
)
ELSEWHERE = (
    'Leave {x} alone and go to {y}.',
    'go to {y}, not {x}',
    'go to {y} but not to {x}',
    'Go to {y} instead of {x}.',
    'do not go to {x}, go to {y}',
    "Don't drive to {x}; drive to {y} instead.",
    'keep out of {x} and go to {y}',
    'go to {y}, and stay away from {x}',
    'avoid {x} and go to {y}',
    'go to {y} without going through {x}',
    'Go to {y}, and skip {x}.',
    'rather than {x}, visit {y}',
    'Stay clear of {x}: go to {y}.',
)
# What is taken back may lie on the way, but is nowhere to go to.
TAKEN_BACK = (
    'never mind {x}, go to {y}',
    'Forget about {x} and go to {y}.',
    'Ignore {x}. Go to {y}.',
)
CALLED = (
    *('bridge_1', 'yard_2', 'island_1', 'Lecture Hall A', 'Room 3.15', 'cryo lab', 'HX-201'),
    *('gate_7', 'no_go_area', 'parking lot', 'kitchen', 'ward 4', 'Dock "B"', 'cold store'),
)


def make_site(avoided: str, wanted: str) -> SceneGraph:
    """From the hall to a place by way of another, or around it."""
    names = ('hall_1', avoided, wanted, 'corridor_1', 'corridor_2')
    ways = (
        *((names[0], avoided), (avoided, wanted), (names[0], names[3])),
        *((names[3], names[4]), (names[4], wanted)),
    )
    return SceneGraph(
        [
            Node(name, 'region', (20.0 * i, 7.0 * (i > 2)), attributes={'mapped': True})
            for i, name in enumerate(names)
        ],
        [Connection('traversable', *way) for way in ways],
        robot_location='hall_1',
    )


def entered(request: str, site: SceneGraph) -> Iterator[str]:
    """The regions that the symbolic planner drives into for a request."""
    task = Episode(0, Task(request), Criterion('any'), site, site)
    graph = site
    for _, observation in run_episode(SYMBOLIC, DOMAIN.make_simulator(task), task).actions:
        yield from driven_way(graph, site, observation)[1:]
        graph = graph.apply(observation.update)


@pytest.mark.parametrize('phrase', [*NOT_THERE, *ELSEWHERE])
@settings(max_examples=25, deadline=None)
@given(names=st.lists(st.sampled_from(CALLED), min_size=2, max_size=2, unique=True))
def test_what_is_not_to_be_gone_to_is_not_gone_to(phrase, names):
    avoided, wanted = names
    request = phrase.format(x=avoided, y=wanted)
    assert avoided not in entered(request, make_site(avoided, wanted)), request


@pytest.mark.parametrize('phrase', TAKEN_BACK)
@settings(max_examples=25, deadline=None)
@given(names=st.lists(st.sampled_from(CALLED), min_size=2, max_size=2, unique=True))
def test_what_is_taken_back_is_no_goal(phrase, names):
    taken_back, wanted = names
    request = phrase.format(x=taken_back, y=wanted)
    site = make_site(taken_back, wanted)
    task = Episode(0, Task(request), Criterion('any'), site, site)
    played = run_episode(SYMBOLIC, DOMAIN.make_simulator(task), task)
    drives = [action.arguments for action, _ in played.actions if action.name == 'goto']
    assert (taken_back,) not in drives, request
    asked = any(action.name == 'clarify' for action, _ in played.actions)
    assert asked or drives[-1] == (wanted,), request


@pytest.mark.parametrize('phrase', [*NOT_THERE, *ELSEWHERE])
@settings(max_examples=15, deadline=None)
@given(
    names=st.lists(
        st.from_regex(r'[a-z]{4,9}(?:[ _-][a-z]{3,6})?[ _-][0-9]{1,2}', fullmatch=True),
        min_size=2,
        max_size=2,
        unique=True,
    )
)
def test_whatever_the_places_are_called(phrase, names):
    avoided, wanted = names
    request = phrase.format(x=avoided, y=wanted)
    assert avoided not in entered(request, make_site(avoided, wanted)), request


@pytest.mark.parametrize(
    'phrase',
    [
        'do not go to {x}, go to {y}',
        'keep out of {x} and go to {y}',
        'never mind {x}, go to {y}',
        'Forget about {x} and go to {y}.',
        'go to {y}, and stay away from {x}',
    ],
)
def test_where_else_to_go_is_gone_to(phrase):
    request = phrase.format(x='yard_2', y='island_1')
    assert [*entered(request, make_site('yard_2', 'island_1'))][-1:] == ['island_1'], request
