# SPDX-License-Identifier: Apache-2.0
"""What is said behind an answer or a question: in histories, in episodes, in prompts, drawn."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import Action, Observation, Plan, Turn
from prism_core.dataset.conversations import render_samples
from prism_core.dataset.episode_json import parse_episode, render_episode
from prism_core.domain import find_domain
from prism_core.domains.mapping import make_symbolic_planner
from prism_core.domains.mapping.actions import MAPPING_ACTIONS
from prism_core.domains.mapping.generator import draw_demonstrations
from prism_core.domains.mapping.planning.teacher import make_teacher
from prism_core.domains.mapping.play import play_episode
from prism_core.domains.mapping.reading import RequestReader
from prism_core.domains.mapping.world import WorldConfig
from prism_core.domains.mapping.writing.entailment import is_same_meaning
from prism_core.episode.episode import Past, Task, as_earlier, say_next
from prism_core.episode.renaming import compound_names, nodes_of
from prism_core.episode.requests import all_said, list_said, own_turns
from prism_core.evaluation.refusals import hold_replies

from .ended_missions import FOUND, GATE, SITE, TRUCK, ended
from .mapping_worlds import WORDS

DOMAIN = find_domain('mapping')
READER = RequestReader(WORDS)
KINDS_BEHIND = ('follow_up', 'correction')
_ALIKE = ('truck', 'chair', 'crate', 'locker', 'bed', 'oven', 'barrel', 'table', 'gate')


@cache
def drawn(kind, seeds=range(5), names='plain'):
    config = WorldConfig(kinds=(kind,), tasks=2, favored=_ALIKE, names=names)
    return tuple(e for seed in seeds for e in draw_demonstrations(seed, config, WORDS))


# --------------------------------------------------------------------------------- in a history


def test_a_turn_belongs_to_what_is_worked_on_unless_it_says_what_else():
    own = replace(GATE, request='')
    assert own_turns([GATE, TRUCK, own]) == [own]
    assert own_turns(history := [own]) is history
    said = list_said('is it open?', [GATE, TRUCK, own], MAPPING_ACTIONS)
    assert [one.request for one in said] == [GATE.request, TRUCK.request, 'is it open?']
    assert [one.start for one in said] == [0, 1, 2]
    assert [len(one.turns) for one in said] == [1, 1, 1]
    assert not any(turn.request for one in said for turn in one.turns)


def test_what_has_no_turn_yet_is_the_last_that_was_said():
    assert [s.request for s in list_said('go there', [], MAPPING_ACTIONS)] == ['go there']
    said = list_said('go there', [GATE], MAPPING_ACTIONS)
    assert [(s.request, len(s.turns)) for s in said] == [(GATE.request, 1), ('go there', 0)]


def test_the_same_sentence_counts_again_where_a_mission_ended_before_it():
    again = ended('no, the other one', 'answer', 'truck_2 is in garage_2.')
    going = replace(again, plan=Plan((Action('map_region', ('yard_1',)),)))
    said = list_said('and now?', [going, again, again], MAPPING_ACTIONS)
    assert [len(one.turns) for one in said] == [2, 1, 0]


def test_a_past_whose_turns_do_not_say_what_they_were_planned_for_is_refused():
    with pytest.raises(ValueError, match=r'turns\[1\]: expected the request .*, got none'):
        Past(SITE, (GATE, replace(GATE, request='')))


def test_a_mission_is_summed_up_by_what_was_done_for_its_own_request():
    looked = Turn(Plan((Action('map_region', ('yard_1',)),)), (Observation(),), 'yard_1')
    dialect = DOMAIN.make_dialect('spine')
    earlier = replace(looked, request='where is the gate?')
    assert dialect.survey(SITE, [looked]).done == {looked.plan.actions[0]}
    assert dialect.survey(SITE, [earlier]).done == frozenset()
    assert dialect.survey(SITE, [earlier]).turns_left > dialect.survey(SITE, [looked]).turns_left


# ------------------------------------------------------------------------------------- in episodes


@pytest.mark.parametrize('kind', KINDS_BEHIND)
def test_an_episode_begins_where_the_one_before_it_ended_and_is_read_back(kind):
    for episode in drawn(kind):
        assert {turn.request for turn in episode.before.turns} != {''}
        before = episode.earlier[-1]
        assert before.replay(before.known_graph)[-1].nodes == episode.known_graph.nodes
        assert episode.true_graph.robot_location == episode.known_graph.robot_location
        assert parse_episode(render_episode(episode)) == episode


def test_a_past_that_cannot_be_is_refused_where_it_is_read():
    line = render_episode(drawn('follow_up')[0])
    data = msgspec.json.decode(line)
    del data['before']['turns'][0]['request']
    with pytest.raises(Exception, match='expected the request that it was planned for'):
        parse_episode(msgspec.json.encode(data).decode())


def test_a_third_task_has_all_that_was_said_as_its_past():
    second = drawn('follow_up')[0]
    third = say_next(second, Task('go there', 'go_to', second.task.intent), second.criterion)
    said = [turn.request for turn in third.before.turns]
    assert list(dict.fromkeys(said)) == [second.before.turns[0].request, second.task.request]
    assert third.before.known_graph == second.before.known_graph
    assert as_earlier(second.turns, second.task.request)[0].request == second.task.request


def test_the_world_of_a_follow_up_may_have_other_names():
    for episode in drawn('follow_up')[:4]:
        named = compound_names(episode)
        past, nodes = named.before, nodes_of(named)
        said = str(past.turns[-1].plan.actions[-1].arguments[0])
        old = str(episode.before.turns[-1].plan.actions[-1].arguments[0])
        assert said != old
        assert past.told()[-1].known_graph.nodes.keys() <= nodes.keys()
        played = play_episode(make_teacher(named.task, WORDS), named, WORDS)
        assert played.outcome.success, (said, played.outcome.reason)


# -------------------------------------------------------------------------------------- in prompts


@pytest.mark.parametrize('name', ['compact', 'spine'])
@pytest.mark.parametrize('kind', KINDS_BEHIND)
def test_a_prompt_of_all_that_was_said_is_only_ever_appended_to(name, kind):
    for episode in drawn(kind)[:4]:
        dialect = DOMAIN.make_dialect(name, episode.seed)
        history, graph = episode.history(len(episode.turns)), episode.final_graph
        whole = dialect.render_prompt(episode.task.request, graph, history)
        for number, turn in enumerate(history):
            said = turn.request or episode.task.request
            start = next(i for i, t in enumerate(history) if t.request == turn.request)
            told = [*history[:start], *(replace(t, request='') for t in history[start:number])]
            prompt = dialect.render_prompt(said, turn.known_graph, told)
            assert whole[: len(prompt) - 1] == prompt[:-1]
            assert whole[len(prompt) - 1]['content'] == prompt[-1]['content']


@pytest.mark.parametrize('name', ['compact', 'spine', 'spine_brief'])
@pytest.mark.parametrize('kind', KINDS_BEHIND)
def test_a_prompt_tells_who_was_asked_for_what_wherever_it_begins(name, kind):
    for episode in drawn(kind)[:4]:
        dialect = DOMAIN.make_dialect(name, episode.seed)
        history, graph = episode.history(len(episode.turns)), episode.final_graph
        said = list(dict.fromkeys(turn.request for turn in history))
        for since in range(len(history) + 1):
            prompt = dialect.render_prompt(episode.task.request, graph, history, since=since)
            read = dialect.parse_prompt(prompt, graph)
            assert read.request == episode.task.request
            assert list(dict.fromkeys(turn.request for turn in read.history)) == said
            assert read.state.turns_left == dialect.survey(graph, history).turns_left


_TEXTS = st.text("abcxyz019.,:;?!'()-_/", min_size=1, max_size=20)  # < and > are neutralized


@given(st.lists(_TEXTS, min_size=2, max_size=4, unique=True), st.integers(0, 3), st.booleans())
def test_whatever_was_said_stands_in_a_prompt_in_order(texts, since, is_compact):
    dialect = DOMAIN.make_dialect('compact' if is_compact else 'spine')
    last = texts.pop()
    history = [replace(FOUND, request=text, known_graph=SITE) for text in texts]
    prompt = dialect.render_prompt(last, SITE, history, since=min(since, len(history)))
    read = dialect.parse_prompt(prompt, SITE)
    assert [turn.request for turn in read.history] == texts
    assert read.request == last


@pytest.mark.parametrize('kind', KINDS_BEHIND)
def test_samples_teach_the_replies_to_what_was_said_last(kind):
    for episode in drawn(kind)[:6]:
        episode = replace(episode, provenance={**episode.provenance, 'id': f'{kind}-1'})
        for rebase in (0.0, 1.0):
            samples = render_samples(episode, DOMAIN, 'compact', rebase=rebase)
            taught = [weight for sample in samples for weight in sample.weights if weight]
            assert len(taught) == len(episode.turns)
            assert all(any(sample.weights) for sample in samples)
        (whole,) = render_samples(episode, DOMAIN, 'compact')
        tasks = [m for m in whole.messages if '\ntask ' in m['content']]
        assert len(tasks) == 2


@pytest.mark.parametrize('kind', KINDS_BEHIND)
def test_the_grammar_admits_every_right_reply(kind):
    held = list(hold_replies(drawn(kind), DOMAIN, 'compact'))
    assert held
    assert not [one for one in held if one.is_refused]


def test_the_grammar_has_a_word_for_what_only_an_earlier_request_names():
    history = [ended('where is the alembic?', 'answer', 'There is no alembic.')]
    dialect = DOMAIN.make_dialect('compact')
    alone = str(dialect.make_grammar('and in the kitchen?', SITE, []))
    behind = str(dialect.make_grammar('and in the kitchen?', SITE, history))
    assert 'alembic' not in alone
    assert 'alembic' in behind


@pytest.mark.parametrize('kind', KINDS_BEHIND)
def test_the_teachers_plan_follows_from_what_a_prompt_says(kind):
    for episode in drawn(kind)[:6]:
        teacher, graph = make_teacher(episode.task, WORDS), episode.known_graph
        for name in ('compact', 'spine'):
            dialect = DOMAIN.make_dialect(name, episode.seed)
            prompt = dialect.render_prompt(episode.task.request, graph, episode.earlier)
            read = dialect.parse_prompt(prompt, graph)
            again = teacher.plan(read.request, read.known_graph, read.history)
            reply = dialect.render_reply_on(again, read.known_graph, graph)
            assert reply == dialect.render_reply(episode.turns[0].plan, graph)


# ------------------------------------------------------------------------------------------- drawn


@pytest.mark.parametrize('kind', KINDS_BEHIND)
def test_follow_ups_are_drawn_said_and_solved_by_who_has_the_sentences_alone(kind):
    planner, episodes = make_symbolic_planner(), drawn(kind)
    assert len(episodes) >= 8
    assert {e.task.kind for e in episodes} == {kind}
    for episode in episodes:
        full = READER.spell_out(episode.task.request, episode.known_graph, episode.earlier)
        meant = READER.read(full, episode.known_graph)
        assert is_same_meaning(meant, episode.task.intent), (episode.task.request, full)
        assert episode.outcome.success
        assert play_episode(planner, episode, WORDS).outcome.success


@pytest.mark.parametrize('kind', KINDS_BEHIND)
def test_who_does_not_hear_what_was_said_before_does_not_solve_them(kind):
    planner, solved = make_symbolic_planner(), 0
    for episode in drawn(kind):
        deaf = replace(episode, before=None)
        solved += play_episode(planner, deaf, WORDS).outcome.success
    assert solved <= 0.25 * len(drawn(kind))


def test_twins_of_a_follow_up_share_their_past():
    pairs = {}
    for episode in drawn('follow_up'):
        pairs.setdefault(episode.provenance.get('twin', ''), []).append(episode)
    twins = [pair for name, pair in pairs.items() if name]
    assert twins
    for one, other in twins:
        assert one.before == other.before
        assert one.true_graph != other.true_graph
        assert one.criterion != other.criterion


def test_who_looks_at_an_episode_sees_what_was_said_before():
    episode = drawn('follow_up')[0]
    last = str(episode.before.turns[-1].plan.actions[-1].arguments[0])
    assert episode.said == f'{episode.before.turns[0].request} — {last} — {episode.task.request}'
    assert replace(episode, before=None).said == episode.task.request


def test_what_was_named_before_is_looked_for_in_a_map_that_is_too_large():
    said = all_said('is it open?', [GATE, replace(TRUCK, request='')])
    assert said == 'Where is the gate? ; gate_5 is in yard_1. ; is it open?'
    assert all_said('is it open?', []) == 'is it open?'
