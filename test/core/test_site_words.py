# SPDX-License-Identifier: Apache-2.0
"""A site's own words from a file: who understands them, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from prism_core import find_domain
from prism_core.domain import Domain
from prism_core.domains.mapping.intent import Intent, Target
from prism_core.episode.criterion import Criterion
from prism_core.episode.episode import Episode, Task
from prism_core.episode.planner import run_episode
from prism_core.errors import ConfigError
from prism_core.evaluation.suite import draw_suite, read_suite
from prism_core.plan.steps import render_steps

from .hand_made import do
from .plant import EXAMPLE, PACKAGED, PLANT, ROOT, make_plant, write


def first_steps(domain: Domain, request: str) -> str:
    plan = domain.make_symbolic().plan(request, make_plant(is_seen=False), ())
    return render_steps(plan.actions)


# ----------------------------------------------------------------------------- the symbolic planner


@pytest.mark.parametrize(
    ('request_', 'without', 'with_file'),
    [
        (
            'is the flare lit?',
            'inspect(FL-900, "Describe it.")',
            'inspect(FL-900, "Is it lit or out?")',
        ),
        (
            'Is FL-900 burning?',
            'inspect(FL-900, "Describe it.")',
            'inspect(FL-900, "Is it lit or out?")',
        ),
        (
            'where is the exchanger?',
            'answer("There is no exchanger in all 4 regions that I can reach.")',
            'answer("HX-201 is in Unit-3.")',
        ),
        (
            'how many pumps are there?',
            'answer("Number of pump: 0.")',
            'answer("Number of pump or p: 2.")',
        ),
        (
            'drive to the control room',
            'answer("There is no control room in all 4 regions that I can reach.")',
            'goto(CR-1), answer("I am at CR-1.")',
        ),
        (
            'I need something to cool a process stream',
            'answer("There is no air conditioner or fan in all 4 regions that I can reach.")',
            'answer("HX-201, seen from Unit-3.")',
        ),
        (
            'is there a lorry around here?',
            'answer("Yes, there is a truck: truck_2.")',
            'answer("Yes, there is a truck: truck_2.")',
        ),
        ('where are the HXs?', 'answer("HX-201 is in Unit-3.")', 'answer("HX-201 is in Unit-3.")'),
        ('go to Unit-3', 'answer("I am at Unit-3.")', 'answer("I am at Unit-3.")'),
        ('where is P-101A?', 'answer("P-101A is in Unit-3.")', 'answer("P-101A is in Unit-3.")'),
    ],
)
def test_what_a_visitor_says_is_understood_by_the_words_of_the_site(request_, without, with_file):
    assert first_steps(PACKAGED, request_) == without
    assert first_steps(PLANT, request_) == with_file


@pytest.mark.parametrize(
    ('request_', 'kind'),
    [
        ('is the flare out?', 'yes_no'),
        ('is the flare lit or out?', 'attribute'),
        ('is the flare out now, or still burning?', 'attribute'),
        ('find out where the flare is', 'locate'),
        ('Check it out: where is the flare?', 'locate'),
        ('get out of here and go to the control room', 'go_to'),
    ],
)
def test_a_small_word_is_a_value_where_it_is_said_of_something(request_, kind):
    assert PLANT._reader.read(request_, make_plant(is_seen=True)).kind == kind


def test_only_leaves_the_packaged_words_out(tmp_path):
    lone = find_domain('mapping', words=write(tmp_path, 'only: true\nobjects: {pump: }\n'))
    graph = make_plant(is_seen=False)
    assert lone._reader.read('is there a lorry?', graph).target == Target(classes=('lorry',))
    assert PLANT._reader.read('is there a lorry?', graph).target == Target(classes=('truck',))
    assert lone.lexicon.asked_attributes('Is it red?') == frozenset()
    with pytest.raises(ConfigError, match='at least 5 region classes of tier full'):
        lone.plan_world(lone.recipe_type(), 0, False, {})


# --------------------------------------------------------------------- judge, simulator, importers


def play(domain: Domain, criterion: Criterion, *actions) -> Episode:
    """An episode at the plant in which these actions are taken."""

    class Fixed:
        name = 'fixed'

        def plan(self, request, known_graph, history):
            from prism_core import Plan

            return Plan((actions[len(history)],))

        def close(self):
            pass

    task = Episode(
        0,
        Task('is the flare lit?'),
        replace(criterion, max_actions=9, max_distance_m=900.0),
        make_plant(is_seen=True),
        make_plant(is_seen=False),
    )
    played = run_episode(Fixed(), domain.make_simulator(task), task)
    return replace(played, outcome=domain.judge(played))


def solved(domain: Domain) -> Criterion:
    from prism_core.domains.mapping.solution import solve

    intent = Intent('yes_no', Target(classes=('flare',)), attribute='flame', value='lit')
    graphs = make_plant(is_seen=True), make_plant(is_seen=False)
    return solve(intent, *graphs, domain.lexicon)


@pytest.mark.parametrize(
    ('said', 'is_right'),
    [
        ('No, it is out.', True),
        ('The flare is extinguished.', True),
        ('It is not burning.', True),
        ('It is burning.', False),
        ('It is not unlit.', False),
    ],
)
def test_the_judge_knows_the_synonyms_of_the_file(said, is_right):
    asked = do('inspect', 'FL-900', 'How is the pilot?')
    played = play(PLANT, solved(PLANT), do('goto', 'Yard-9'), asked, do('answer', said))
    assert played.outcome.grounded
    assert played.outcome.answered == is_right
    assert played.turns[1].observations[0].update.set_attributes == {'FL-900': {'flame': 'out'}}


def test_of_two_values_of_the_file_to_deny_the_one_is_to_affirm_the_other():
    criterion = Criterion('yes_no', ('no', 'lit', 'burning', 'alight'), ('out', 'unlit'))
    for domain, right in ((PLANT, True), (PACKAGED, False)):
        played = play(domain, criterion, do('answer', 'FL-900 is not unlit.'))
        assert played.outcome.reason.endswith('it says yes') == right


def test_an_inspection_in_words_of_the_file_shows_what_the_packaged_words_do_not():
    look = do('inspect', 'FL-900', 'Is it lit or out?')
    criterion = Criterion('any')
    shown = [
        play(domain, criterion, do('goto', 'Yard-9'), look, do('answer', 'Done.')).final_graph
        for domain in (PLANT, PACKAGED)
    ]
    assert ['flame' in graph.nodes['FL-900'].attributes for graph in shown] == [True, False]


# --------------------------------------------------------------------------- worlds, student, rest


def test_the_example_suite_is_at_the_plant_and_its_teacher_and_reader_solve_it():
    suite = read_suite(ROOT / 'config/words/example_suite.yaml')
    assert Path(suite.words).samefile(EXAMPLE)
    episodes = [episode for world in draw_suite(suite) for episode in world]
    assert {episode.provenance['family'] for episode in episodes} == {'process plant'}
    classes = {name.rpartition('_')[0] for e in episodes for name in e.true_graph.objects}
    assert classes >= {'heat_exchanger', 'flare', 'relief_valve', 'truck'}
    for episode in episodes[::4]:
        for planner in (PLANT.make_teacher(episode.task), PLANT.make_symbolic()):
            played = run_episode(planner, PLANT.make_simulator(episode), episode)
            assert PLANT.judge(played).success, episode.task.request


def test_nothing_of_a_site_is_held_out_and_the_packaged_family_stays_so():
    assert PLANT.words.held_out_family == PACKAGED.words.held_out_family
    assert 'process plant' in PLANT.words.families('core', ())
    assert not any(map(PLANT.words.is_held_out_class, yaml.safe_load(Path(EXAMPLE).read_text())))


def test_prompts_tell_what_they_told_before_and_requests_speak_of_more():
    graph = make_plant(is_seen=True)
    for name in ('compact', 'spine', 'spine_brief'):
        ours, theirs = (d.make_dialect(name, 3) for d in (PACKAGED, PLANT))
        prompt = ours.render_prompt('is the flare lit?', graph, ())
        assert theirs.render_prompt('is the flare lit?', graph, ()) == prompt
        assert PACKAGED.make_header(ours) == PLANT.make_header(theirs)
    spoken = [d.language.find_spoken_of('inspect the cooler', graph) for d in (PACKAGED, PLANT)]
    assert ['HX-201' in (*found.names, *found.likes) for found in spoken] == [False, True]


def test_what_a_student_may_name_and_how_requests_are_counted_follow_the_file():
    assert {'knock', 'hx', 'manometer'} <= PLANT.vocabulary.words
    assert 'heat exchanger' in PLANT.vocabulary.classes - PACKAGED.vocabulary.classes
    assert PLANT.masks['manometers'] == '<class>'
    assert PLANT.masks['extinguished'] == '<value>'


def test_two_sites_in_one_process_do_not_mix():
    before = first_steps(PACKAGED, 'where is the exchanger?')
    again = find_domain('mapping')
    assert first_steps(again, 'where is the exchanger?') == before
    assert again.words is PACKAGED.words


def test_a_domain_that_takes_no_words_says_so(monkeypatch):
    class Wordless(type(PACKAGED)):
        name = 'wordless'
        with_words = Domain.with_words

    with pytest.raises(ConfigError, match=r'^the domain wordless takes no words of a site, got a'):
        Wordless().with_words(Path('a.yaml'))
