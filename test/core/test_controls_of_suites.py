# SPDX-License-Identifier: Apache-2.0
"""Planners that deserve no success play beside each candidate, and tell whether a suite is one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from prism_core import Action, Plan, find_domain
from prism_core.config_file import read_config
from prism_core.domains.mapping.remarks import GAVE_UP, INSPECTIONS, NEEDLESS
from prism_core.episode.episode import Episode
from prism_core.errors import ConfigError
from prism_core.evaluation.candidates import Candidate
from prism_core.evaluation.controls import (
    ControlScore,
    check_controls,
    play_controls,
    shuffle_weights,
)
from prism_core.evaluation.evaluate import CONTROLS, evaluate
from prism_core.evaluation.results import Result, read_result
from prism_core.evaluation.scores import Estimate
from prism_core.evaluation.suite import SuiteConfig, draw_suite
from prism_core.evaluation.trial import Desk
from prism_core.graph.calling import class_of_name
from prism_core.inference.student import find_bundled
from prism_core.testing import ScriptedPlanner

from .prism_runs import ROOT

SHIPPED = sorted((ROOT / 'config' / 'evaluate').glob('*.yaml'))
SMALL = SuiteConfig(worlds={'seed': 5, 'worlds': 4, 'tier': 'core', 'hidden': [0.3]})
DOMAIN = find_domain('mapping')
SOLVED_BY_RULES = {
    'voices': 0.5,  # said in words that no rule was written for
    'household': 0.5,  # in the words of another writer than that of the rules
    'household_smoke': 0.3,  # three pairs, and a reader made from what other people say
}
NOT_READ_BY_RULES = {'languages'}  # which are English
CLEAR_THROUGHOUT = {'talk'}  # to ask is right nowhere
BUNDLED = Path(find_bundled())


@pytest.mark.parametrize('path', SHIPPED, ids=lambda path: path.stem)
def test_no_control_solves_what_cannot_be_guessed_in_a_shipped_suite(path):
    suite = read_config(path, SuiteConfig)
    domain = find_domain(suite.domain)
    scores = play_controls(Candidate('teacher'), draw_suite(suite), domain, suite.chance)
    check_controls(scores)
    assert set(scores) == {*domain.controls, 'symbolic'}
    if path.stem in NOT_READ_BY_RULES:
        assert scores['symbolic'].solved < 0.02
    else:
        assert scores['symbolic'].solved > SOLVED_BY_RULES.get(path.stem, 0.8)
    if domain.name == DOMAIN.name:
        assert {scores[name].solved for name in DOMAIN.controls} == {0.0}
    asks = next(name for name in domain.controls if name in ('always_clarify', 'always_ask'))
    is_right_somewhere = scores[asks].success.value > 0
    assert is_right_somewhere == (path.stem not in CLEAR_THROUGHOUT)


def test_suite_that_a_control_passes_is_refused_and_says_how_it_can_be_played():
    half = Estimate(0.5, 0.4, 0.6, 10)
    may = {'symbolic': ControlScore(half, 0.5, None), 'always_yes': ControlScore(half, 0.5, 0.5)}
    check_controls(may)
    with pytest.raises(
        ConfigError, match=r'always_yes solves 20% at most, it solves 50%.*any-suite'
    ):
        check_controls({'always_yes': ControlScore(half, 0.5, 0.2)})


def test_controls_play_before_the_candidate_and_once(tmp_path):
    scores = evaluate('teacher', SMALL, tmp_path, workers=1)
    path = tmp_path / CONTROLS
    assert json.loads(path.read_text('utf-8')).keys() == scores.controls.keys()
    written = path.stat().st_mtime_ns
    again = evaluate('teacher', SMALL, tmp_path, workers=1, resume=True)
    assert again.controls == scores.controls
    assert path.stat().st_mtime_ns == written


def test_a_control_can_be_a_candidate(tmp_path):
    scores = evaluate('control:always_clarify', SMALL, tmp_path, workers=1)
    assert scores.views['kind']['vague'].value == 1.0
    assert scores.pairs['absent'].value == 0.0
    assert scores.manners.asked_right > 0
    assert scores.manners.asked_wrong > scores.manners.asked_right
    with pytest.raises(ConfigError, match=r"control: expected one of say_nothing, .*, got 'luck'"):
        evaluate('control:luck', SMALL, tmp_path / 'luck', workers=1)


def test_shuffled_weights_are_the_same_numbers_in_other_places(tmp_path):
    gguf = pytest.importorskip('gguf')
    path = shuffle_weights(BUNDLED, tmp_path)
    assert path.stat().st_size == BUNDLED.stat().st_size
    pairs = zip(gguf.GGUFReader(BUNDLED).tensors, gguf.GGUFReader(path).tensors)
    for before, after in pairs:
        is_matrix = len(before.shape) > 1
        assert np.array_equal(before.data, after.data) != is_matrix, before.name
        assert np.array_equal(np.sort(before.data, None), np.sort(after.data, None))


def test_a_model_stands_beside_itself_untrained(tmp_path):
    pytest.importorskip('llama_cpp')
    scores = evaluate(str(BUNDLED), replace(SMALL, worlds={**SMALL.worlds, 'worlds': 1}), tmp_path)
    assert scores.controls['untrained'].solved <= scores.controls['untrained'].chance <= 0.2
    assert scores.success.value > scores.controls['untrained'].success.value + 0.3
    assert scores.model_costs.new_tokens > 0
    assert scores.model_costs.read_tokens <= scores.model_costs.prompt_tokens
    assert 0 < scores.model_costs.first_token_s < scores.plan_p95_s
    assert scores.model_costs.peak_mib > 10


# --------------------------------------------------------------------------------- how it behaves


def play(kind: str, *actions: Action) -> Result:
    """A task of a kind, played by a script."""
    tasks = (episode for world in draw_suite(SMALL) for episode in world)
    task = next(episode for episode in tasks if episode.task.kind == kind)
    planner = ScriptedPlanner([Plan((action,)) for action in actions])
    return read_result(Desk(lambda _: planner, DOMAIN).play(task))


CLARIFY, ANSWER = Action('clarify', ('Which one?',)), Action('answer', ('It is here.',))


def test_asking_what_is_meant_is_right_wrong_or_missed():
    assert play('vague', CLARIFY).asked == 'right'
    assert play('vague', ANSWER).asked == 'missed'
    assert play('attribute', CLARIFY).asked == 'wrong'
    assert play('attribute', ANSWER).asked == ''


def test_inspections_of_other_things_or_without_news_are_needless():
    tasks = [e for world in draw_suite(SMALL) for e in world if e.task.kind == 'attribute']
    query = DOMAIN.lexicon.question('color')

    def inspect_others(task: Episode) -> Result:
        target = task.task.intent.target
        wanted = {*target.classes, class_of_name(target.name)}
        other = next(n for n in task.known_graph.objects if class_of_name(n) not in wanted)
        twice = [Plan((Action('inspect', (other, query)),))] * 2
        planner = ScriptedPlanner([*twice, Plan((ANSWER,))])
        return read_result(Desk(lambda _: planner, DOMAIN).play(task))

    results = [inspect_others(task) for task in tasks]
    assert {result.remarks[INSPECTIONS] for result in results} == {2}
    # None that was obstructed is needless: nobody could have known.
    assert {result.remarks[NEEDLESS] for result in results} == {0, 2}
    for task in tasks:
        teacher = read_result(Desk(DOMAIN.make_teacher, DOMAIN).play(task))
        assert (teacher.remarks[INSPECTIONS] > 0, teacher.remarks[NEEDLESS]) == (True, 0)


def test_giving_up_is_counted():
    given_up = Action('answer', ('I could not finish within the turns that I have.',))
    assert play('attribute', given_up).remarks[GAVE_UP] == 1
    assert play('attribute', ANSWER).remarks[GAVE_UP] == 0
