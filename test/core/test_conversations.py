# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses

import pytest

from prism_core import ConfigError, Plan
from prism_core.dataset.conversations import Sample, render_samples

from .hand_made import do, play
from .mapping_worlds import states_of
from .training_data import DOMAIN, good_episodes, with_id

DIALECTS = ('compact', 'spine')


class Watched:
    """The mapping domain, which keeps the last dialect that was made."""

    def make_dialect(self, name: str, seed: int = 0):
        self.dialect = DOMAIN.make_dialect(name, seed)
        return self.dialect


def replies_of(sample: Sample) -> list[tuple[int, int, float]]:
    """For each reply where it stands, its turn and its weight."""
    places = [i for i, m in enumerate(sample.messages) if m['role'] == 'assistant']
    assert len(places) == len(sample.weights)
    turns = range(sample.first_turn, sample.first_turn + len(places))
    return list(zip(places, turns, sample.weights))


@pytest.mark.parametrize('name', DIALECTS)
@pytest.mark.parametrize(('rebase', 'header'), [(0.0, ''), (0.7, 'You plan.')])
def test_samples_are_byte_for_byte_what_the_robot_sends_and_each_turn_counts_once(
    name, rebase, header
):
    for episode in good_episodes():
        domain = Watched()
        samples = render_samples(episode, domain, name, rebase=rebase, header=header)
        dialect, states = domain.dialect, list(states_of(episode))
        counted = []
        for sample in samples:
            for place, index, weight in replies_of(sample):
                if not weight:
                    continue
                graph, history, turn = states[index]
                assert list(sample.messages[:place]) == dialect.render_prompt(
                    episode.task.request, graph, history, since=sample.first_turn, header=header
                )
                assert sample.messages[place]['content'] == dialect.render_reply(turn.plan, graph)
                counted.append(index)
        assert sorted(counted) == list(range(len(episode.turns)))


@pytest.mark.parametrize('name', DIALECTS)
def test_all_turns_of_an_episode_are_taught_in_one_conversation_whatever_they_set_anew(name):
    for episode in good_episodes():
        (sample,) = render_samples(episode, DOMAIN, name)
        assert (sample.first_turn, sample.weights) == (0, (1.0,) * len(episode.turns))


def test_turns_behind_one_that_the_dialect_cannot_say_are_taught_without_it():
    refused = Plan((do('goto', 'attic_9'),))  # has no handle
    drive, answer = Plan((do('goto', 'yard_7'),), 'go'), Plan((do('answer', 'done'),), 'go')
    run = with_id(play([drive, refused, drive, answer]), 'x')
    samples = render_samples(run, DOMAIN, 'compact')
    assert [(s.first_turn, s.weights) for s in samples] == [
        (0, (1.0,)),
        (2, (1.0,)),
        (2, (0.0, 1.0)),
    ]
    assert all('attic' not in m['content'] for s in samples for m in s.messages)


def test_conversation_ends_with_a_reply_and_begins_with_the_header_if_there_is_one():
    for header in ('', 'You plan.'):
        for sample in render_samples(good_episodes()[1], DOMAIN, 'spine', header=header):
            roles = [message['role'] for message in sample.messages]
            turns = len(sample.weights)
            assert roles == ['system'] * bool(header) + ['user', 'assistant'] * turns


def test_handles_differ_between_episodes_and_are_the_same_the_second_time():
    episode = max(good_episodes(), key=lambda e: len(e.known_graph.nodes))
    first = render_samples(episode, DOMAIN, 'compact')
    assert render_samples(episode, DOMAIN, 'compact') == first
    other = render_samples(with_id(episode, 'another'), DOMAIN, 'compact')
    assert other[0].messages[0] != first[0].messages[0]
    assert render_samples(with_id(episode, 'another'), DOMAIN, 'spine') == render_samples(
        episode, DOMAIN, 'spine'
    )


def test_rebase_cuts_episodes_at_random_turns_as_often_as_asked():
    long = [e for e in good_episodes() if len(e.turns) > 4]
    starts = [
        [sample.first_turn for sample in render_samples(e, DOMAIN, 'compact', rebase=1.0)]
        for e in long
    ]
    assert all(len(set(s)) == 2 for s in starts)
    assert {max(s) for s in starts} >= {1, 2, 3}
    cut = [len(render_samples(e, DOMAIN, 'compact', rebase=0.4)) > 1 for e in long]
    assert 0.25 < sum(cut) / len(cut) < 0.55


def test_folded_turns_are_told_in_the_prompt_of_the_second_part():
    episode = next(e for e in good_episodes() if len(e.turns) > 4)
    first, second = render_samples(episode, DOMAIN, 'compact', rebase=1.0)
    assert 'did ' not in first.messages[0]['content']
    assert second.messages[0]['content'].count('\ndid ') >= second.first_turn > 0


def test_episode_of_one_turn_is_never_cut():
    episode = next(e for e in good_episodes() if len(e.turns) == 1)
    (sample,) = render_samples(episode, DOMAIN, 'compact', rebase=1.0)
    assert (sample.first_turn, sample.weights) == (0, (1.0,))


def test_plan_that_was_refused_counts_nothing_and_other_turns_as_their_weight_says():
    refused = Plan((do('goto', 'attic_9'),))
    drive, answer = Plan((do('goto', 'yard_7'),)), Plan((do('answer', 'done'),))
    run = with_id(play([refused, drive, answer]), 'x')
    turns = [dataclasses.replace(t, weight=w) for t, w in zip(run.turns, (1.0, 0.25, 2.0))]
    (sample,) = render_samples(dataclasses.replace(run, turns=tuple(turns)), DOMAIN, 'spine')
    assert sample.weights == (0.0, 0.25, 2.0)
    assert "does not contain 'attic_9'" in sample.messages[2]['content']


def test_episode_without_an_id_is_refused_with_what_it_lacks():
    episode = dataclasses.replace(good_episodes()[0], provenance={})
    with pytest.raises(ConfigError, match=r"provenance\['id'\], got none"):
        render_samples(episode, DOMAIN, 'compact')
