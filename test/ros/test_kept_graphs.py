# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from prism_core import Node, SceneGraph
from prism_msgs.msg import Plan
from prism_ros.kept_graphs import KEPT_GRAPHS, KeptGraphs


def graph(revision: int) -> SceneGraph:
    return SceneGraph([Node('yard', 'region', (revision, 0))], revision=revision)


def made(number: int, revision: int = 0, epoch: int = 0) -> Plan:
    plan = Plan(graph_revision=revision, graph_epoch=epoch)
    plan.plan_id.uuid = list(number.to_bytes(16, 'big'))
    return plan


def test_a_graph_is_found_by_the_plan_that_was_made_on_it_whatever_its_revision():
    kept = KeptGraphs()
    for number in (1, 2, 3):
        kept.keep(made(number), graph(number))
    assert [kept.find(made(number)) for number in (1, 2, 3)] == [graph(n) for n in (1, 2, 3)]


def test_a_graph_is_found_by_its_epoch_and_revision_where_the_plan_has_no_number():
    kept = KeptGraphs()
    kept.keep(made(1, epoch=5), graph(7))
    assert kept.find(made(0, revision=7, epoch=5)) == graph(7)
    assert kept.find(made(0, revision=7, epoch=6)) is None
    assert kept.find(made(0, revision=8, epoch=5)) is None


def test_so_many_graphs_are_kept_and_none_when_the_node_was_deactivated():
    kept = KeptGraphs()
    for number in range(1, KEPT_GRAPHS + 2):
        kept.keep(made(number), graph(number))
    assert kept.find(made(1, revision=1)) is None
    assert kept.find(made(2)) == graph(2)
    kept.clear()
    assert kept.find(made(2)) is None
