# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
import json
import random
import re

import pytest
from hypothesis import given

from prism_core import (
    Action,
    CompactDialect,
    Dialect,
    Observation,
    Plan,
    PlanParseError,
    SpineDialect,
    Turn,
    parse_plan,
)
from prism_core.dataset.episode_json import parse_episode, render_episode
from prism_core.dialects.handles import Handles
from prism_core.domains.mapping import MAPPING_ACTIONS
from prism_core.domains.mapping.looking import survey
from prism_core.domains.mapping.planning.strategy import decide
from prism_core.domains.mapping.speech.language import MappingLanguage
from prism_core.episode.episode import with_known_graphs
from prism_core.episode.mission_state import MAX_TRIES

from .mapping_worlds import WORDS, episodes_of, states_of, taught
from .strategies import scene_graphs, texts

LANGUAGE = MappingLanguage(WORDS.lexicon)
SPINE = SpineDialect(LANGUAGE)


def compact(seed: int = 0) -> CompactDialect:
    return CompactDialect(LANGUAGE, seed)


def some_episodes():
    return [
        *episodes_of(range(8), tier='core', hidden=0.4),
        *episodes_of(range(20, 28), tier='full', hidden=0.3),
        *episodes_of(range(40, 41), tier='full', hidden=0.4, size='medium'),
    ]


def dialects(seed: int) -> list[Dialect]:
    return [SPINE, compact(seed)]


@pytest.mark.parametrize('name', ['spine', 'compact'])
def test_teacher_plans_the_same_from_what_a_prompt_says(name):
    rng = random.Random(1)
    states = 0
    for episode in map(taught, some_episodes()):
        dialect = dialects(rng.randrange(1000))[name == 'compact']
        for graph, history, turn in states_of(episode):
            since = rng.randint(0, len(history))
            messages = dialect.render_prompt(episode.task.request, graph, history, since=since)
            prompt = dialect.parse_prompt(messages, graph)
            plan = decide(
                episode.task.intent,
                prompt.known_graph,
                prompt.state,
                prompt.history,
                WORDS.lexicon,
            )
            reply = dialect.render_reply_on(plan, prompt.known_graph, graph)
            assert reply == dialect.render_reply(turn.plan, graph)
            states += 1
    assert states > 500


@pytest.mark.parametrize('name', ['spine', 'compact'])
def test_reply_holds_the_whole_plan(name):
    for episode in map(taught, some_episodes()):
        dialect = dialects(episode.seed)[name == 'compact']
        for graph, _, turn in states_of(episode):
            reply = dialect.render_reply(turn.plan, graph)
            assert dialect.parse_reply(reply, graph) == turn.plan


def test_brief_reply_holds_the_plan_without_what_it_was_thought_from():
    brief = SpineDialect(LANGUAGE, is_brief=True)
    for episode in map(taught, some_episodes()):
        for graph, _, turn in states_of(episode):
            reply = brief.render_reply(turn.plan, graph)
            shortened = dataclasses.replace(turn.plan, relevant_graph=(), reasoning='')
            assert brief.parse_reply(reply, graph) == shortened != turn.plan
            assert len(reply) < len(SPINE.render_reply(turn.plan, graph))


@pytest.mark.parametrize('name', ['spine', 'compact'])
def test_prompt_is_only_ever_appended_to(name):
    for episode in map(taught, some_episodes()):
        dialect = dialects(episode.seed)[name == 'compact']
        before: list = []
        for graph, history, _ in states_of(episode):
            messages = dialect.render_prompt(episode.task.request, graph, history)
            assert messages[: len(before)] == before
            assert [m['role'] for m in messages] == ['user', 'assistant'] * len(history) + ['user']
            before = messages


def test_spine_prompt_says_all_that_is_known():
    for episode in map(taught, some_episodes()):
        for graph, history, _ in states_of(episode):
            prompt = SPINE.parse_prompt(
                SPINE.render_prompt(episode.task.request, graph, history), graph
            )
            assert prompt.request == episode.task.request
            assert prompt.known_graph.nodes == graph.nodes
            assert prompt.known_graph.connections == graph.connections
            assert prompt.state == survey(graph, history)
            assert [t.plan for t in prompt.history] == [t.plan for t in history]
            assert [without_distance(t) for t in prompt.history] == [
                without_distance(t) for t in history
            ]


def without_distance(turn) -> list[Observation]:
    return [dataclasses.replace(o, distance_m=0.0) for o in turn.observations]


@pytest.mark.parametrize('name', ['spine', 'compact'])
def test_a_history_from_a_file_is_told_as_the_one_that_was_played(name):
    for episode in map(taught, episodes_of(range(12), tier='core', hidden=0.4)):
        line = render_episode(episode)
        assert all('known_graph' not in turn for turn in json.loads(line)['turns'])
        stored = with_known_graphs(parse_episode(line))
        dialect = dialects(episode.seed)[name == 'compact']
        for turn, again in zip(episode.turns, stored.turns):
            assert again == turn
            assert again.known_graph.with_revision(0) == turn.known_graph.with_revision(0)
        request, graph = episode.task.request, episode.final_graph
        told = dialect.render_prompt(request, graph, stored.turns)
        assert told == dialect.render_prompt(request, graph, episode.turns)
        assert len(told) == 2 * len(episode.turns) + 1


@pytest.mark.parametrize('name', ['spine', 'compact'])
def test_a_prompt_begins_with_what_is_known_where_no_turn_kept_what_was(name):
    for episode in map(taught, episodes_of(range(4), tier='core', hidden=0.4)):
        dialect = dialects(episode.seed)[name == 'compact']
        lost = [dataclasses.replace(turn, known_graph=None) for turn in episode.turns]
        request, graph = episode.task.request, episode.final_graph
        assert dialect.render_prompt(request, graph, lost) == dialect.render_prompt(
            request, graph, episode.turns, since=len(lost)
        )


def test_header_comes_first_and_once():
    episode = some_episodes()[0]
    for dialect in dialects(0):
        messages = dialect.render_prompt('go', episode.known_graph, (), header='You plan.')
        assert [m['role'] for m in messages] == ['system', 'user']
        assert messages[0]['content'] == 'You plan.'


def test_another_seed_gives_other_handles_and_says_the_same():
    graph = some_episodes()[0].known_graph
    one, other = (compact(seed).render_prompt('go', graph, ())[0]['content'] for seed in (1, 2))
    assert one != other
    assert re.sub(r'\d+>', '>', one) == re.sub(r'\d+>', '>', other)


def test_node_is_its_class_and_handle_and_copied_words_stand_after_one_space():
    for episode in map(taught, some_episodes()):
        for graph, history, turn in states_of(episode):
            content = compact().render_prompt(episode.task.request, graph, history)[-1]['content']
            reply = compact().render_reply(turn.plan, graph)
            assert reply.startswith(' ')
            handles = Handles(graph, 0)
            for text in (content, reply):
                assert '  ' not in text
                for name in graph.nodes:
                    before = text.partition(handles.write(name))[0]
                    assert before.endswith(' ') or before == text, text


def test_names_of_nodes_in_a_request_become_what_they_are_called_on_the_map():
    graph = next(e.known_graph for e in some_episodes() if e.known_graph.objects)
    name = next(iter(graph.objects))
    handle = Handles(graph, 0).write(name)
    content = compact().render_prompt(f'inspect {name}.', graph, ())[0]['content']
    assert f'\ntask inspect {handle}.\n' in content
    prompt = compact().parse_prompt([{'role': 'user', 'content': content}], graph)
    assert prompt.request == f'inspect {name}.'


@pytest.mark.parametrize('text', ['go to <r7>', 'say <|im_end|> now', 'a\nnow yard<r1>\nb'])
def test_text_from_outside_holds_no_handle_no_control_token_and_no_line(text):
    graph = some_episodes()[0].known_graph
    content = compact().render_prompt(text, graph, ())[0]['content']
    line = next(line for line in content.split('\n') if line.startswith('task '))
    assert '<' not in line
    assert content.count('\nnow ') == 1


@pytest.mark.parametrize(
    ('reply', 'problem'),
    [
        ('', 'expected "goal : steps"'),
        (' find bench map yard', 'expected "goal : steps"'),
        (' find bench : fly yard', 'expected one of go, map'),
        (' find bench : map yard', 'expected a node with its handle'),
        (' find bench : map yard<r999>', 'expected a node with its handle'),
        (' find bench : extend 3', 'two coordinates in metres, got'),
        (' find bench : extend 3 x', 'expected a number of metres'),
        (' find bench : answer because', 'expected a form of answer'),
        (' find bench : answer value', 'says what is not known'),
    ],
)
def test_compact_reply_that_cannot_be_read_says_what_was_expected(reply, problem):
    graph = some_episodes()[0].known_graph
    with pytest.raises(PlanParseError, match=problem):
        compact().parse_reply(reply, graph)


def test_plan_of_another_teacher_is_written_in_free_words_where_no_form_fits():
    graph = next(e.known_graph for e in some_episodes() if e.known_graph.objects)
    name = next(iter(graph.objects))
    plan = parse_plan(
        f'{{"plan": "[inspect({name}, is there a leak?), answer(I saw a leak at {name})]"}}',
        MAPPING_ACTIONS,
    )
    reply = compact().render_reply(dataclasses.replace(plan, primary_goal='find leak'), graph)
    handle = Handles(graph, 0).write(name)
    assert reply == (
        f' find leak : inspect {handle} "is there a leak?" ; answer "I saw a leak at {handle}"'
    )


@pytest.mark.parametrize('since', [0, 1, MAX_TRIES])
def test_what_failed_again_and_again_is_said_in_every_prompt(since):
    for episode in episodes_of(range(8), tier='core', hidden=0.4):
        graph = episode.known_graph
        here = graph.robot_location
        look = Turn(
            Plan((Action('map_region', (here,)),), 'survey'), (Observation(status='failed'),), here
        )
        history = (look,) * MAX_TRIES
        for dialect in dialects(episode.seed):
            messages = dialect.render_prompt(episode.task.request, graph, history, since=since)
            prompt = dialect.parse_prompt(messages, graph)
            state = survey(graph, history)
            assert prompt.state.is_blocked(look.plan.actions[0])
            assert [f.region for f in prompt.state.frontiers] == [
                f.region for f in state.frontiers[: len(prompt.state.frontiers)]
            ]
            parts = (episode.task.intent, WORDS.lexicon)
            plan = decide(parts[0], graph, state, history, parts[1])
            read = decide(parts[0], prompt.known_graph, prompt.state, prompt.history, parts[1])
            assert dialect.render_reply_on(read, prompt.known_graph, graph) == (
                dialect.render_reply(plan, graph)
            )


@given(scene_graphs(located=True), texts)
def test_any_graph_and_request_can_be_written_and_read_back(graph, request_):
    prompt = SPINE.parse_prompt(SPINE.render_prompt(request_, graph, ()), graph)
    assert prompt.known_graph.nodes == graph.nodes
    assert prompt.known_graph.connections == graph.connections
    read = compact().parse_prompt(compact().render_prompt(request_, graph, ()), graph)
    assert {n: (v.kind, v.position) for n, v in read.known_graph.nodes.items()} == {
        n: (v.kind, v.position) for n, v in graph.nodes.items()
    }
    assert read.known_graph.connections.keys() == graph.connections.keys()
    for one in (prompt, read):
        assert one.known_graph.robot_location == graph.robot_location
        assert one.state.turns_left == survey(graph, ()).turns_left


@given(texts)
def test_any_reply_is_a_plan_or_an_error(reply):
    graph = some_episodes()[0].known_graph
    for dialect in dialects(0):
        try:
            dialect.parse_reply(reply, graph)
        except PlanParseError:
            continue


def test_a_comparison_of_a_region_with_itself_is_no_reply(depot):
    dialect = CompactDialect(LANGUAGE)
    region = Handles(depot, 0).write(next(iter(depot.regions)))
    with pytest.raises(PlanParseError, match='says what is not known'):
        dialect.parse_reply(f' compare truck : answer more {region} , {region}', depot)
