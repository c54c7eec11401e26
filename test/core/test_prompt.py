# SPDX-License-Identifier: Apache-2.0
"""What a language model is told that was never trained on the mapping domain."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from prism_core import SceneGraph, parse_plan, validate_plan
from prism_core.domain import find_domain
from prism_core.domains.mapping.prompt import play_examples

DOMAIN = find_domain('mapping')
DIALECTS = [DOMAIN.make_dialect('spine'), DOMAIN.make_dialect('compact', 3)]
SPINE = DIALECTS[0]
HEADER = DOMAIN.make_header(SPINE)
_CALLS = (
    *('add_nodes', 'remove_nodes', 'add_connections', 'remove_connections', 'no_updates'),
    *('update_robot_location', 'update_node_attributes', 'navigation_update'),
)


def test_every_reply_of_the_examples_is_read_and_valid():
    replies = re.findall(r'\[assistant\]\n(.*)\n', HEADER)
    turns = [
        (turn, graph)
        for episode in play_examples(DOMAIN.told)
        for turn, graph in _turns_with_graphs(episode)
    ]
    assert len(replies) == len(turns) >= 8
    for reply, (turn, graph) in zip(replies, turns):
        plan = parse_plan(reply, DOMAIN.table)
        assert plan == turn.plan
        assert validate_plan(plan, graph, DOMAIN.table).is_valid


def _turns_with_graphs(episode):
    graph = episode.known_graph
    for turn in episode.turns:
        yield turn, graph
        for observation in turn.observations:
            graph = graph.apply(observation.update)


def test_every_message_of_the_examples_is_read_as_a_prompt():
    for number in (1, 2):
        text = HEADER.split(f'# Example {number}\n')[1].split('\n# Example')[0]
        parts = re.findall(r'\[(user|assistant)\]\n(.*?)(?=\n\[|\Z)', text, re.DOTALL)
        messages = [{'role': role, 'content': content.rstrip('\n')} for role, content in parts]
        prompt = SPINE.parse_prompt(messages[:-1], SceneGraph())
        episode = play_examples(DOMAIN.told)[number - 1]
        assert prompt.request == episode.task.request
        assert prompt.known_graph.robot_location == episode.turns[-1].robot_location


def test_the_examples_show_a_discovery_a_blocked_way_a_failure_and_a_search_in_vain():
    found, in_vain = play_examples(DOMAIN.told)
    assert [episode.ending for episode in (found, in_vain)] == ['reported', 'reported']
    updates = [observation.update for _, observation in found.actions]
    assert any(node.kind == 'region' for update in updates for node in update.upsert_nodes)
    assert any(update.remove_connections for update in updates)
    assert 'failed' in {observation.status for _, observation in found.actions}
    assert 'blue' in found.turns[-1].plan.actions[0].arguments[0]
    assert 'no ladder' in in_vain.turns[-1].plan.actions[0].arguments[0]


@pytest.mark.parametrize('dialect', DIALECTS, ids=lambda dialect: dialect.name)
def test_the_header_is_the_same_bytes_every_time(dialect):
    code = (
        'import hashlib; from prism_core.domain import find_domain; d = find_domain("mapping"); '
        f'h = d.make_header(d.make_dialect({dialect.name!r}, 3)); print(repr(h))'
    )
    run = subprocess.run(
        [sys.executable, '-c', code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert run.stdout.strip() == repr(DOMAIN.make_header(dialect))


def test_the_header_names_every_action_every_call_and_every_key():
    for spec in DOMAIN.table.values():
        assert f'{spec.signature}: {spec.meaning}' in HEADER
    for word in (*_CALLS, *SPINE.reply_schema['properties'], 'robot_location', 'turns_left'):
        assert word in HEADER


def test_the_header_leaves_room_for_the_mission():
    assert len(HEADER) < 12_000
    assert HEADER.isascii()
