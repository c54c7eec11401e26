# SPDX-License-Identifier: Apache-2.0
"""Plans on what is the same in other words: other names, another order, another class."""

from __future__ import annotations

import json
import random
import re
from dataclasses import replace
from itertools import chain, islice

import pytest
from click.testing import CliRunner

from prism_core import Action, Plan, PlannerError, PlannerUnavailable, RunStopped
from prism_core.cli import evaluate as cli_evaluate
from prism_core.domain import find_domain
from prism_core.domains.mapping.intent import Intent, Target
from prism_core.episode.episode import Task
from prism_core.episode.renaming import rename_graph, rename_task
from prism_core.evaluation.candidates import Candidate
from prism_core.evaluation.evaluate import REPORT, evaluate
from prism_core.evaluation.invariance import Invariance, Share, measure_invariance, states_of
from prism_core.evaluation.suite import SuiteConfig, draw_suite
from prism_core.evaluation.variants import permute_names, shuffle
from prism_core.inference.student import find_bundled

DOMAIN = find_domain('mapping')
SUITE = SuiteConfig(worlds={'seed': 7, 'worlds': 12, 'tier': 'core', 'hidden': [0.2]})


@pytest.fixture(scope='module')
def states():
    return list(islice(states_of(chain.from_iterable(draw_suite(SUITE))), 120))


def measured(planner, states) -> Invariance:
    return measure_invariance(lambda task: planner, DOMAIN, states)


class Inspects:
    """Looks at one object of the known graph, whatever was asked."""

    name = 'inspects'

    def __init__(self, choose):
        self._choose = choose

    def plan(self, request, known_graph, history):
        here = known_graph.robot_location
        reached = known_graph.reachable_regions(here)
        seen = [name for name, by in known_graph.viewpoints.items() if reached & {*by}]
        if not seen:
            raise PlannerError('nothing to look at')
        return Plan((Action('inspect', (self._choose(seen), 'Describe it.')),))

    def close(self):
        pass


def number_of(name: str) -> int:
    return int(name.rpartition('_')[2])


def share(part: Share) -> float:
    return part.kept / part.cases


# ---------------------------------------------------------------------------------------- planners


@pytest.mark.parametrize('name', ['symbolic', 'teacher'])
def test_planner_that_searches_follows_names_and_class_words_in_any_order(name, states):
    found = measure_invariance(Candidate(name).open(DOMAIN), DOMAIN, states)
    assert found.states == found.names.cases == found.order.cases == len(states)
    assert share(found.names) == share(found.words) == 1.0
    assert share(found.order) > 0.95
    assert 5 < found.words.cases < len(states)


def test_planner_that_takes_the_first_node_depends_on_the_order(states):
    found = measured(Inspects(lambda seen: seen[0]), states)
    assert share(found.names) == 1.0
    assert share(found.order) < 0.7


def test_planner_that_goes_by_the_number_in_a_name_depends_on_the_names(states):
    found = measured(Inspects(lambda seen: min(seen, key=number_of)), states)
    assert share(found.order) == 1.0
    assert share(found.names) < 0.7


def test_planner_that_does_not_read_the_request_does_not_follow_the_class_word(states):
    found = measured(Inspects(min), states)
    assert found.words.cases > 0
    assert found.words.kept == 0


def test_bundled_student_follows_names_and_mostly_class_words(states):
    pytest.importorskip('llama_cpp')
    pytest.importorskip('llguidance')
    opened = Candidate(str(find_bundled())).open(DOMAIN)
    found = measure_invariance(opened, DOMAIN, states[:40])
    opened(states[0][0]).close()
    assert share(found.names) == 1.0
    assert share(found.order) > 0.7
    assert share(found.words) > 0.7


def test_planner_without_a_plan_is_no_case(states):
    found = measured(Inspects(lambda seen: 'atlantis_1'), states[:5])
    assert found == Invariance(5, Share(), Share(), Share())
    assert 'permuted names no case' in str(found)


def test_plan_that_becomes_none_did_not_follow(states):
    known = {name for _, graph in states for name in graph.nodes}

    def refuse_new_names(seen):
        if not known & {*seen}:
            raise PlannerError('never heard of these')
        return seen[0]

    assert measured(Inspects(refuse_new_names), states).names.kept == 0


def test_planner_that_is_unavailable_stops_the_measurement(states):
    def fail(seen):
        raise PlannerUnavailable('the server is down')

    with pytest.raises(RunStopped, match='the server is down'):
        measured(Inspects(fail), states)


# ------------------------------------------------------------------------------------------ states


def test_states_are_what_was_known_at_each_turn_and_one_at_least():
    episode = next(e for e in next(draw_suite(SUITE)) if len(e.turns) > 2)
    found = [graph for _, graph in states_of([episode])]
    assert len(found) == len(episode.turns)
    assert found[0] == episode.known_graph
    assert found[0] != found[-1]
    assert [*states_of([replace(episode, turns=())])] == [(episode.task, episode.known_graph)]


def test_names_are_permuted_in_graph_sentence_and_meaning(states):
    task, graph = next((t, g) for t, g in states if any(n in t.request for n in g.objects))
    names = permute_names(graph, random.Random(1))
    renamed = rename_task(task, names)
    assert len({*names.values()}) == len(graph.nodes)
    assert {*rename_graph(graph, names).nodes} == {*names.values()}
    assert renamed.intent.target.name == names[task.intent.target.name]
    assert re.findall(r'\w+_\d+', renamed.request) == [renamed.intent.target.name]


def test_shuffled_graph_is_the_same_in_another_order(states):
    _, graph = states[0]
    other = shuffle(graph, random.Random(1))
    assert [*other.nodes] != [*graph.nodes]
    assert dict(other.nodes) == dict(graph.nodes)
    assert dict(other.connections) == dict(graph.connections)


def exchanged(request: str, intent: Intent, depot):
    """The request about another class, and what it is about now."""
    found = DOMAIN.exchange_class(Task(request, intent=intent), depot, random.Random(0))
    return found and (found[0].request, found[2], found[0].intent)


@pytest.mark.parametrize('word', ['forklift', 'stacker'])
def test_class_word_is_exchanged_with_its_synonyms_and_article(depot, word):
    intent = Intent('find', Target(classes=('forklift',)))
    request, other, meant = exchanged(f'Find a {word} now.', intent, depot)
    article = 'an' if other[0] in 'aeiou' else 'a'
    assert request == f'Find {article} {other} now.'
    assert meant == Intent('find', Target(classes=(other,)))
    assert other != 'forklift'


def test_class_word_in_the_plural_is_exchanged_for_a_plural(depot):
    intent = Intent('count', Target(classes=('forklift',)))
    request, other, _ = exchanged('Count the forklifts.', intent, depot)
    assert request == f'Count the {DOMAIN.lexicon.plural(other)}.'


FORKLIFT, DOCK = Target(classes=('forklift',)), Target('region', ('dock',))


@pytest.mark.parametrize(
    ('request_', 'intent'),
    [
        ('Go to dock_1.', Intent('go_to', region=Target('region', name='dock_1'))),
        (
            'Find the red forklift.',
            Intent('find', replace(FORKLIFT, attributes=(('color', 'red'),))),
        ),
        ('Is there a forklift in the dock?', Intent('exists', FORKLIFT, DOCK)),
        ('Find something that lifts.', Intent('find', FORKLIFT)),
        ('You know what to do.', Intent('vague')),
    ],
)
def test_sentence_that_does_not_speak_of_one_class_alone_stays(depot, request_, intent):
    assert exchanged(request_, intent, depot) is None


# ---------------------------------------------------------------------------------- the evaluation


def test_evaluation_measures_it_where_it_is_told_to(tmp_path):
    suite = replace(SUITE, worlds={**SUITE.worlds, 'worlds': 1})
    done = []
    plain = evaluate('symbolic', suite, tmp_path, workers=1)
    assert plain.invariance is None
    assert json.loads((tmp_path / REPORT).read_text('utf-8'))['invariance'] is None
    scores = evaluate(
        'symbolic', suite, tmp_path, workers=1, resume=True, invariance=9, on_state=done.append
    )
    assert done == [*range(1, 10)]
    assert scores.invariance.names == Share(9, 9)
    stored = json.loads((tmp_path / REPORT).read_text('utf-8'))['invariance']
    assert stored['names'] == {'kept': 9, 'cases': 9}
    assert stored['states'] == 9


def test_command_prints_it_and_refuses_a_number_below_none(tmp_path):
    (tmp_path / 'suite.yaml').write_text('worlds: {seed: 7, worlds: 1, tasks: 2, tier: core}\n')
    arguments = ['symbolic', '--suite', str(tmp_path / 'suite.yaml'), '--workers', '1']
    arguments += ['--out', str(tmp_path / 'out'), '--invariance']
    done = CliRunner().invoke(cli_evaluate.evaluate, [*arguments, '4'], catch_exceptions=False)
    assert 'plans that follow permuted names 100.0% of 4' in done.output
    refused = CliRunner().invoke(cli_evaluate.evaluate, [*arguments, '-1'])
    assert '-1 is not in the range x>=0' in refused.output
