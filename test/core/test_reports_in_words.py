# SPDX-License-Identifier: Apache-2.0
"""Worlds in which the robot reports in words: what it says, how it is heard and judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_core import Action, Connection, Node, Plan, SceneGraph, Turn
from prism_core.dataset.conversations import render_samples
from prism_core.dataset.episode_json import parse_episode, render_episode
from prism_core.dialects.compact import CompactDialect
from prism_core.domain import find_domain
from prism_core.domains.mapping.describing import describe, load_bank, reports_of
from prism_core.domains.mapping.hearing import hear
from prism_core.domains.mapping.kinds import KINDS
from prism_core.domains.mapping.play import play_episode
from prism_core.domains.mapping.told_texts import sentences_of
from prism_core.domains.mapping.told_values import calls_in_text, read_told
from prism_core.domains.mapping.words import split_held_out
from prism_core.domains.mapping.world import WorldConfig
from prism_core.domains.mapping.worlds import WorldRecipe, plan_world
from prism_core.episode.episode import as_task
from prism_core.episode.observation import Observation
from prism_core.errors import ConfigError
from prism_core.evaluation.suite import SuiteConfig, draw_suite, read_suite
from prism_core.testing import ScriptedPlanner

from .mapping_worlds import WORDS, episodes_of, simulator_of, taught

LEXICON = WORDS.lexicon
DOMAIN = find_domain('mapping')
ASKED = ('attribute', 'yes_no', 'conditional', 'describe')
seeds = st.integers(0, 40)


def told_worlds(seed: int, *kinds: str, **settings):
    return episodes_of(
        range(seed, seed + 1), kinds=kinds or ASKED, observations='words', **settings
    )


def inspect(episode, name: str, query: str) -> Observation:
    """What the robot says of a thing when it stands before it."""
    everything = replace(episode, known_graph=episode.true_graph)
    return simulator_of(everything).execute(Action('inspect', (name, query)))


# -------------------------------------------------------------------------------- what it says


@given(seeds)
@settings(max_examples=15)
def test_report_tells_what_was_asked_in_sentences_and_shows_no_value(seed):
    for episode in told_worlds(seed)[:2]:
        for name, node in list(episode.true_graph.objects.items())[:6]:
            for key, value in node.attributes.items():
                said = inspect(episode, name, LEXICON.question(key))
                if said.status == 'done':
                    assert not said.update.set_attributes
                    read = read_told(said.feedback, calls_in_text(node, LEXICON), LEXICON)
                    assert read.values[key] == value, said.feedback
                    assert all(node.attributes.get(k) == v for k, v in read.values.items())
                    assert len(sentences_of(said.feedback)) >= 2


@given(seeds)
@settings(max_examples=10)
def test_reports_are_a_function_of_the_world_and_survive_json(seed):
    for episode in told_worlds(seed)[:1]:
        again = parse_episode(render_episode(episode))
        for name in episode.true_graph.objects:
            assert describe(episode.true_graph, name, LEXICON) == describe(
                again.true_graph, name, LEXICON
            )


def test_worlds_that_show_what_is_held_out_speak_in_sentences_of_their_own():
    fillers = load_bank().fillers
    seen, unseen = (split_held_out(fillers, is_unseen) for is_unseen in (False, True))
    assert len(seen) > len(unseen) > 3
    drawn = told_worlds(3, unseen=frozenset({'wording'}))[0]
    assert reports_of(drawn.true_graph).held_out
    plain = [filler for filler in seen if '{' not in filler]
    told = ' '.join(describe(drawn.true_graph, n, LEXICON) for n in drawn.true_graph.objects)
    assert not any(filler in told for filler in plain)


def test_every_value_of_the_lexicon_is_said_in_several_ways():
    bank = load_bank()
    for key, spec in LEXICON.attributes.items():
        for value in spec.values:
            own = bank.values[key].get(value, bank.values[key].get('*', ()))
            assert len({*bank.plain, *own}) >= 7, (key, value)


# ------------------------------------------------------------------------------- worlds and recipes


def test_worlds_report_values_where_nobody_asks_for_words():
    assert all(reports_of(e.true_graph) is None for e in episodes_of(range(3)))
    mixed = WorldRecipe(observations='mixed')
    plans = [plan_world(mixed, index, False, {}, WORDS) for index in range(60)]
    assert 15 < sum(plan.observations == 'words' for plan in plans) < 45
    plain = [plan_world(WorldRecipe(), index, False, {}, WORDS) for index in range(60)]
    assert [replace(plan, observations='attributes') for plan in plans] == plain


def test_tasks_of_a_file_can_be_put_in_words_and_keep_what_is_right():
    file = Path(__file__).parents[2] / 'docs/episodes.jsonl'
    plain, told = (
        [e for world in draw_suite(read_suite(file, observations=how)) for e in world]
        for how in ('', 'words')
    )
    assert [e.criterion for e in told] == [e.criterion for e in plain]
    assert all(reports_of(e.true_graph) is not None for e in told)
    assert all(reports_of(e.true_graph) is None for e in plain)


@pytest.mark.parametrize('make', [WorldConfig, WorldRecipe, SuiteConfig])
def test_observations_of_no_such_kind_are_refused_with_those_that_there_are(make):
    with pytest.raises(ConfigError, match=r'observations: expected .*words.*got .morse'):
        make(observations='morse')


@given(seeds)
@settings(max_examples=15)
def test_teacher_and_symbolic_planner_answer_from_what_was_told(seed):
    for episode in told_worlds(seed):
        assert taught(episode).outcome.success, episode.task.request
    for episode in told_worlds(seed, 'attribute', 'yes_no'):
        played = play_episode(DOMAIN.make_symbolic(), as_task(episode), WORDS)
        assert played.outcome.success, (episode.task.request, played.outcome.reason)


def test_suite_in_words_has_the_same_tasks_twins_and_budgets():
    worlds = {'seed': 3, 'worlds': 3, 'hidden': [0.3]}
    plain = [e for world in draw_suite(SuiteConfig(worlds=worlds)) for e in world]
    told = [e for w in draw_suite(SuiteConfig(worlds=worlds, observations='words')) for e in w]
    assert [e.task for e in plain] == [e.task for e in told]
    assert [e.known_graph for e in plain] == [e.known_graph for e in told]
    assert [e.provenance.get('twin') for e in plain] == [e.provenance.get('twin') for e in told]
    budgets = [
        [(e.criterion.max_actions, e.criterion.max_distance_m) for e in s] for s in (plain, told)
    ]
    assert budgets[0] == budgets[1]
    assert all(reports_of(e.true_graph) for e in told)
    assert all(taught(e).outcome.success for e in told)


def test_controls_solve_no_pair_of_twins_in_words():
    worlds = {'seed': 5, 'worlds': 6, 'hidden': [0.3], 'kinds': ['attribute', 'yes_no', 'describe']}
    suite = SuiteConfig(worlds=worlds, observations='words')
    pairs: dict[str, list] = {}
    for world in draw_suite(suite):
        for episode in world:
            if 'twin' in episode.provenance:
                pairs.setdefault(episode.provenance['twin'], []).append(episode)
    assert pairs
    for name in DOMAIN.controls:
        for pair in pairs.values():
            plays = (play_episode(DOMAIN.make_control(name, e.task), e, WORDS) for e in pair)
            assert not all(played.outcome.success for played in plays), name


def test_tabletop_has_no_robot_that_reports_in_words():
    episode = episodes_of(range(1))[0]
    with pytest.raises(ConfigError, match='tabletop'):
        find_domain('tabletop').in_words(episode)


# -------------------------------------------------------------------------------- hearing


GATE = SceneGraph(
    [Node('yard_1', 'region', (0.0, 0.0)), Node('gate_3', 'object', (1.0, 0.0))],
    [Connection('observed_from', 'gate_3', 'yard_1')],
    robot_location='yard_1',
)


def looked(said: str, key: str = 'openness') -> tuple[Turn, ...]:
    plan = Plan((Action('inspect', ('gate_3', LEXICON.question(key))),))
    return (Turn(plan, (Observation(feedback=said),), 'yard_1', known_graph=GATE),)


def answer_to(request: str, said: str, key: str = 'openness') -> str:
    plan = DOMAIN.make_symbolic().plan(request, GATE, looked(said, key))
    return str(plan.actions[-1].arguments[-1])


def test_what_was_told_is_known_as_if_it_had_been_shown():
    graph, history = hear(GATE, looked('The gate stands ajar and is red.'), LEXICON)
    assert graph.nodes['gate_3'].attributes == {'openness': 'open'}
    assert history[0].observations[0].feedback == ''
    assert history[0].replay(GATE)[-1].nodes['gate_3'] == graph.nodes['gate_3']


def test_where_nothing_is_plain_everything_stays_as_it_was():
    history = looked('It may be open. I am not sure.')
    assert hear(GATE, history, LEXICON) == (GATE, history)
    assert hear(GATE, history, LEXICON)[1] is history


@pytest.mark.parametrize(
    ('request_text', 'said', 'answer'),
    [
        (
            'Is gate_3 open?',
            'The gate is shut.',
            'No, the openness of gate_3 is not open but closed.',
        ),
        ('Is gate_3 open?', 'Its door is wide open.', 'Yes, the openness of gate_3 is open.'),
        ('Is gate_3 open?', 'It may be open.', 'gate_3: It may be open.'),
    ],
)
def test_question_of_yes_and_no_is_decided_where_it_is_plain_and_quoted_else(
    request_text, said, answer
):
    assert answer_to(request_text, said) == answer


def test_value_that_is_only_denied_is_a_no_in_the_words_of_the_robot():
    said = answer_to('Is gate_3 red?', 'It is no longer red.', 'color')
    assert said == 'No. gate_3: It is no longer red.'
    asked = answer_to('What is the color of gate_3?', 'It is no longer red.', 'color')
    assert asked == 'gate_3: It is no longer red.'


@pytest.mark.parametrize('dialect', ['compact', 'spine'])
def test_students_are_taught_what_was_told_as_values_they_know(dialect):
    for episode in told_worlds(4, 'attribute', 'yes_no'):
        played = replace(taught(episode), provenance={**episode.provenance, 'id': 'a'})
        told = [o.feedback for _, o in played.actions if o.status == 'done' and o.feedback]
        samples = render_samples(played, DOMAIN, dialect)
        said = ' '.join(m['content'] for sample in samples for m in sample.messages)
        assert told
        assert not any(text in said for text in told)


def test_student_may_say_what_was_told_and_has_no_words_of_its_own():
    dialect = CompactDialect(DOMAIN.language)
    for said in ('The gate stands ajar.', 'It may be open.'):
        grammar = dialect.make_grammar('Is gate_3 open?', *hear(GATE, looked(said), LEXICON)).source
        assert ('It may be open.' in grammar) == (said == 'It may be open.')
        assert '[A-Za-z]' not in grammar  # no words that a model could spell
    assert {'attribute', 'patrol', 'read_off'} <= {*DOMAIN.language.goals}


# -------------------------------------------------------------------------------- the judge


def judged(kind: str, quote: bool, beside: str = '') -> list[bool]:
    """How answers to tasks of a kind are judged that look and then quote, or do not look."""
    verdicts = []
    for seed in range(12):
        for episode in told_worlds(seed, kind):
            turns = taught(episode).turns
            told = [
                (a.arguments[0], o.feedback)
                for t in turns
                for a, o in zip(t.plan.actions, t.observations)
                if o.feedback and a.name == 'inspect' and o.status == 'done'
            ]
            if not told or turns[-1].plan.actions[-1].name != 'answer':
                continue
            said = f'{beside}{told[-1][0]}: {told[-1][1]}' if quote else beside
            plans = [*(t.plan for t in turns[:-1]), Plan((Action('answer', (said,)),))]
            verdicts.append(play_episode(ScriptedPlanner(plans), episode, WORDS).outcome.success)
    return verdicts


def test_quote_of_the_whole_report_answers_for_a_value_and_for_yes_and_no():
    for kind in ('attribute', 'yes_no'):
        verdicts = judged(kind, quote=True)
        assert len(verdicts) > 10
        assert sum(verdicts) >= 0.95 * len(verdicts)


def test_yes_beside_a_quote_is_right_where_the_quote_does_not_deny_it():
    yes, no = judged('yes_no', True, 'Yes. '), judged('yes_no', True, 'No. ')
    assert len(yes) == len(no)
    assert all(one != other for one, other in zip(yes, no))


def test_kinds_that_need_words_make_worlds_of_words():
    needing = [name for name, kind in KINDS.items() if kind.needs_words]
    assert needing == ['read_off']
    assert WorldConfig(kinds=('read_off',)).is_told
    assert not WorldConfig(kinds=('attribute',)).is_told
