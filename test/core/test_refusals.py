# SPDX-License-Identifier: Apache-2.0
"""No right reply is refused by the grammar, whatever is asked and however things are called; the
whole is `prism measure refusals`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import chain, islice
from types import MappingProxyType
from typing import Any

import pytest
from click.testing import CliRunner

from prism_core import Action, Plan, Turn, find_domain
from prism_core.domains.mapping.commands.refusals import refusals
from prism_core.domains.mapping.kinds import KINDS
from prism_core.episode.episode import Episode
from prism_core.evaluation.refusals import hold_replies, play_right
from prism_core.evaluation.suite import SuiteConfig, draw_suite

DOMAIN = find_domain('mapping')
COMPOSED = [name for name, kind in KINDS.items() if not kind.is_flat]
NOTHING: Mapping[str, Any] = MappingProxyType({})
WORLDS = {'seed': 11, 'worlds': 8, 'tasks': 2}


def right(kind: str, tasks: int, *, names: str = 'plain', worlds=NOTHING) -> list[Episode]:
    suite = SuiteConfig(worlds={**WORLDS, 'kinds': [kind], **worlds}, names=names)
    drawn = islice(chain.from_iterable(draw_suite(suite, DOMAIN)), tasks)
    played = [play_right(episode, DOMAIN) for episode in drawn]
    assert played
    return [one for one in played if one is not None]


def check(episodes: list[Episode]) -> None:
    for held in hold_replies(episodes, DOMAIN, 'compact'):
        assert not held.is_refused, (held.cause, held.reply)


@pytest.mark.parametrize('kind', KINDS)
def test_no_right_reply_is_refused(kind):
    check(right(kind, 2))


@pytest.mark.parametrize('kind', COMPOSED)
@pytest.mark.parametrize('worlds', [{'names': 'site'}, {'observations': 'words'}])
def test_no_right_reply_to_what_is_made_of_others_is_refused_on_a_site_or_in_words(kind, worlds):
    check(right(kind, 1, worlds=worlds))


@pytest.mark.parametrize('kind', ['then', 'each', 'find'])
def test_no_right_reply_is_refused_where_no_lexicon_has_the_nouns(kind):
    check(right(kind, 1, names='new'))


@pytest.mark.parametrize('kind', COMPOSED)
def test_what_is_made_of_others_is_told_without_a_text_and_read_back(kind):
    for episode in right(kind, 3):
        dialect, graph = DOMAIN.make_dialect('compact', episode.seed), episode.known_graph
        for turn in episode.turns:
            reply = dialect.render_reply(turn.plan, graph)
            assert dialect.parse_reply(reply, graph) == turn.plan
            assert '"' not in reply
            for observation in turn.observations:
                graph = graph.apply(observation.update)


def test_what_is_refused_is_told_with_where_it_is():
    (episode,) = right('go_to', 1)
    goal = episode.turns[0].plan.primary_goal
    made_up = Plan((Action('answer', ('I saw a unicorn.',)),), primary_goal=goal)
    (held,) = hold_replies([replace(episode, turns=(Turn(made_up, ()),))], DOMAIN, 'compact')
    assert (held.is_refused, held.has_text, held.cause) == (True, True, 'answer "I')


def test_the_command_counts_by_worlds():
    said = CliRunner().invoke(
        refusals, ['--tasks', '1', '--free', '0', '--kind', 'then'], catch_exceptions=False
    )
    assert said.exit_code == 0
    assert 'reports in words' in said.output
