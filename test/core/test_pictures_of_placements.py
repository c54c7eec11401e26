# SPDX-License-Identifier: Apache-2.0
"""What is in, on or held by something, in pictures of graphs and episodes."""

from __future__ import annotations

import pytest

from prism_core import Action, Connection, GraphUpdate, Node, Observation, Plan, SceneGraph, Turn
from prism_core.episode.criterion import Criterion
from prism_core.episode.episode import Episode, Task
from prism_core.pictures.episode_picture import draw_episode
from prism_core.pictures.episode_trail import follow_episode
from prism_core.pictures.picture import CONNECTION, OBJECT, draw_picture, line_style

NODES = [
    Node('kitchen', 'region', (0, 0)),
    *(Node(name, 'object', (i, 1)) for i, name in enumerate(('table', 'box', 'cup', 'arm'))),
]
IN_KITCHEN = [Connection('in', name, 'kitchen') for name in ('table', 'box')]
TRUE = SceneGraph(NODES, [*IN_KITCHEN, Connection('on', 'cup', 'table')], robot_location='kitchen')
BELIEVED = SceneGraph(
    NODES,
    [
        *IN_KITCHEN[1:],
        Connection('in', 'cup', 'box'),
        Connection('on', 'table', 'cup'),
    ],
    robot_location='kitchen',
)


def episode_of(*updates: GraphUpdate) -> Episode:
    plan = Plan((Action('goto', ('kitchen',)),))
    turns = [Turn(plan, (Observation(update),), 'kitchen') for update in updates]
    task = Task('fetch the cup', 'fetch')
    return Episode(0, task, Criterion('any'), TRUE, BELIEVED, tuple(turns))


def told(episode: Episode) -> list[str]:
    """The lines of the last turn."""
    ((_, lines),) = follow_episode(episode).turns[-1]
    return [line.text for line in lines]


@pytest.mark.parametrize(
    ('kind', 'style'),
    [
        ('traversable', (CONNECTION, '-')),
        ('observed_from', (OBJECT, ':')),
        ('in', (OBJECT, '-')),
        ('on', (OBJECT, '-')),
        ('held', (OBJECT, '-')),
    ],
)
def test_each_kind_of_connection_has_its_line(kind, style):
    assert line_style(Connection(kind, 'a', 'b')) == style


def test_a_graph_with_placements_is_drawn(tmp_path):
    draw_picture(TRUE, tmp_path / 'home.svg')
    assert '>cup<' in (tmp_path / 'home.svg').read_text()


def test_what_was_believed_and_what_is_true_is_drawn_though_they_contradict_each_other(tmp_path):
    picked = GraphUpdate(upsert_connections=(Connection('held', 'cup', 'arm'),))
    draw_episode(episode_of(picked), tmp_path / 'episode.svg')
    assert 'now: cup held by arm' in (tmp_path / 'episode.svg').read_text()


def test_what_is_moved_is_told_with_what_holds_it_now():
    picked = GraphUpdate(upsert_connections=(Connection('held', 'cup', 'arm'),))
    put = GraphUpdate(
        upsert_connections=(Connection('on', 'cup', 'table'),),
        remove_connections=(Connection('on', 'table', 'cup'),),
    )
    assert told(episode_of(picked)) == ['now: cup held by arm']
    episode = episode_of(GraphUpdate(remove_connections=(Connection('in', 'cup', 'box'),)))
    assert told(episode) == ['gone: cup in box']
    assert told(episode_of(put)) == ['now: cup on table', 'gone: table on cup']


def test_what_is_no_longer_held_is_no_blocked_way():
    episode = episode_of(GraphUpdate(remove_connections=(Connection('in', 'cup', 'box'),)))
    assert follow_episode(episode).blocked == []
