# SPDX-License-Identifier: Apache-2.0
"""Right, asked, not known, wrong: how trials end for a person, and that their shares add up."""

from __future__ import annotations

import io
import json
from dataclasses import asdict, replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from prism_core import Observation, Plan, Turn, find_domain
from prism_core.domains.mapping.judge import judge_episode
from prism_core.episode.criterion import Criterion, Fact
from prism_core.episode.episode import Task
from prism_core.evaluation.comparison import compare
from prism_core.evaluation.evaluate import EPISODES, REPORT, evaluate, read_results
from prism_core.evaluation.report import write_report
from prism_core.evaluation.results import Result
from prism_core.evaluation.rightness import RIGHTNESS, rightness_of
from prism_core.evaluation.scores import ScoredTask, estimate_ends, estimate_success, join_twins
from prism_core.evaluation.suite import SuiteConfig
from prism_core.pictures.terminal_scores import show_scores
from prism_core.plan.steps import parse_steps
from prism_core.testing import ScriptedPlanner

from .hand_made import do, make_known, make_true, play
from .tables import DOMAIN as TABLETOP
from .tables import draw_tasks
from .tables import play as play_table

DOMAIN = find_domain('mapping')
RED = Criterion(
    'value',
    ('red',),
    ('blue',),
    (Fact('attribute', 'crate_31', 'color'),),
    max_actions=6,
    max_distance_m=99.0,
)
LOOK = do('inspect', 'crate_31', 'What color is it?')
SUITE = SuiteConfig(worlds={'seed': 5, 'worlds': 3, 'tier': 'core', 'hidden': [0.3]})


def ended(*steps, true=None, criterion=RED, request='What color is the crate?'):
    """An episode of one step after the other, judged."""
    played = play([Plan((step,)) for step in steps], true or make_true(), make_known())
    played = replace(played, task=Task(request), criterion=criterion)
    return replace(played, outcome=judge_episode(played, DOMAIN.lexicon))


def end_of(*steps, **more) -> str:
    return rightness_of(ended(*steps, **more))


def say(text: str):
    return do('answer', text)


# ------------------------------------------------------------------------------------- one episode


@pytest.mark.parametrize(
    ('steps', 'rightness'),
    [
        ([LOOK, say('The color of crate_31 is red.')], 'right'),
        ([LOOK, say('The color of crate_31 is blue.')], 'wrong'),
        ([say('The color of crate_31 is red.')], 'wrong'),  # who has not looked cannot know
        ([LOOK, say('It is red or blue.')], 'wrong'),  # in part
        ([say('There is no crate in all 4 regions that I can reach.')], 'wrong'),
        ([say('I do not know.')], 'unknown'),
        ([say('I could not finish within the turns that I have.')], 'unknown'),
        ([do('clarify', 'Which one do you mean: gate_3 or yard_7?')], 'asked'),
        ([do('clarify', 'Which one do you mean: gate_3 or gate_3?')], 'wrong'),
        ([do('clarify', 'oring postatatatat cafeteriappp?')], 'wrong'),
        ([say('oring postatatatat cafeteriappp')], 'wrong'),
        ([LOOK], 'wrong'),  # no plan any more
        ([do('inspect', 'crate_99', 'What color is it?')] * 3, 'wrong'),  # refused to the end
        ([do('goto', 'gate_3')] * 12, 'wrong'),  # in vain, over and over
        ([*[do('goto', 'yard_7'), do('goto', 'gate_3')] * 4, LOOK, say('It is red.')], 'wrong'),
    ],
)
def test_what_did_not_succeed_asked_or_does_not_know_or_is_wrong(steps, rightness):
    assert end_of(*steps) == rightness


def test_that_a_thing_cannot_be_seen_is_honest_only_after_a_look():
    unseen = say('The age of crate_31 could not be seen.')
    assert end_of(LOOK, unseen) == 'unknown'
    assert end_of(unseen) == 'wrong'
    assert end_of(LOOK, say('The color of crate_31 could not be seen.')) == 'wrong'


def test_that_a_place_cannot_be_reached_is_honest_only_where_it_is_true():
    told = say('shed_2 cannot be reached.')
    assert end_of(told) == 'wrong'
    cut = make_true(('shed_2', 'yard_7'), ('lane_4', 'shed_2'))
    assert end_of(told, true=cut) == 'unknown'


def test_that_a_region_could_not_be_looked_at_is_honest_only_after_it_was_tried():
    told = say('I could not look at shed_2, so I do not know.')
    assert end_of(told) == 'wrong'
    obstructed = make_true(failures=[('map_region', 'shed_2')] * 1)
    tried = ended(do('map_region', 'shed_2'), told, true=obstructed)
    failed = Observation(status='failed', feedback='obstructed')
    turns = (Turn(tried.turns[0].plan, (failed,), 'gate_3'), tried.turns[-1])
    assert rightness_of(replace(tried, turns=turns)) == 'unknown'


def test_asking_is_wrong_for_who_was_where_it_was_to_keep_out_of():
    asked = ended(do('clarify', 'Which one do you mean: gate_3 or yard_7?'))
    reason = 'out of bounds: the robot entered yard_7, which was to be avoided'
    trespassed = replace(asked, outcome=replace(asked.outcome, reason=reason))
    assert DOMAIN.say_harm(trespassed) == reason
    assert rightness_of(trespassed) == 'wrong'
    assert DOMAIN.say_harm(asked) == ''


def test_asking_on_a_table_is_harmless_unless_something_was_moved_that_was_to_stay():
    ask = 'ask("What shall I do?")'
    task = next(t for t in draw_tasks(10) if len(t.turns) > 3 and t.ending == 'reported')
    assert rightness_of(task) == 'right'

    def ended_with(*steps: str) -> str:
        plans = [Plan(tuple(parse_steps(step, TABLETOP.table))) for step in steps]
        return rightness_of(play_table(ScriptedPlanner(plans), task))

    assert ended_with(ask) == 'asked'
    assert ended_with('done()') == 'wrong'
    staying = next(f for f in task.criterion.evidence if f.kind == 'stays')
    moved = replace(task, criterion=replace(task.criterion, evidence=(staying,)))
    moved = replace(moved, outcome=replace(moved.outcome, found=False), ending='asked')
    gone = replace(staying, detail='nowhere')
    assert rightness_of(moved) == 'asked'
    harmed = replace(moved, criterion=replace(moved.criterion, evidence=(gone,)))
    assert TABLETOP.say_harm(harmed) == f'{staying.node} was to stay at nowhere'
    assert rightness_of(harmed) == 'wrong'


# ------------------------------------------------------------------------------------------ scores


def test_twins_end_as_the_worse_of_them():
    def twin(number: int, rightness: str) -> Result:
        parts = dict.fromkeys(('found', 'grounded', 'answered', 'in_budget'), True)
        facts = {'reason': '', 'ending': '', 'turns': 1, 'distance_m': 0.0, 'groups': {}}
        return Result(
            1,
            'a',
            f'1-{number}',
            'find',
            rightness == 'right',
            **parts,
            **facts,
            oracle_distance_m=0.0,
            rightness=rightness,
        )

    for one, worse in pairwise(RIGHTNESS):
        for pair in ((one, worse), (worse, one)):
            (task,) = join_twins([twin(n, end) for n, end in enumerate(pair)])
            assert (task.rightness, task.success) == (worse, False)


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.sampled_from('ab'), st.sampled_from(RIGHTNESS)), min_size=1
    )
)
def test_the_shares_add_up_to_one(drawn):
    tasks = [ScoredTask(w, k, False, e == 'right', rightness=e) for w, k, e in drawn]
    ends = estimate_ends(tasks)
    shares = [estimate_success(tasks), ends.asked, ends.unknown, ends.wrong]
    assert sum(share.value for share in shares) == pytest.approx(1.0)
    assert all(share.low <= share.high for share in shares)


@pytest.fixture(scope='module')
def folders(tmp_path_factory):
    """What evaluations of a control that asks, and of the symbolic planner, wrote."""
    folders = tmp_path_factory.mktemp('asks'), tmp_path_factory.mktemp('symbolic')
    for planner, folder in zip(('control:always_clarify', 'symbolic'), folders):
        evaluate(planner, SUITE, folder, workers=1)
    return folders


def test_report_and_comparison_say_what_was_wrong_and_who_only_asks_is_not(folders):
    asks, _ = folders
    report = json.loads((asks / REPORT).read_text('utf-8'))
    assert report['ends']['wrong']['value'] == 0.0
    assert report['ends']['asked']['value'] == pytest.approx(1 - report['success']['value'])
    assert report['wrong_views'].keys() == report['views'].keys()
    found = compare(*folders)
    assert asdict(found.wrong.one) == report['ends']['wrong']
    assert found.wrong_views['kind'].keys() == found.views['kind'].keys()
    assert found.wrong_verdict.startswith('wrong: ')


def test_evaluations_of_versions_that_did_not_tell_are_read_and_told(folders, tmp_path):
    asks = tmp_path / 'old'
    asks.mkdir()
    for file in folders[0].iterdir():
        (asks / file.name).write_bytes(file.read_bytes())
    report = json.loads((asks / REPORT).read_text('utf-8'))
    now = report.pop('ends'), report.pop('wrong_views')
    report['controls'] = {
        name: {key: value for key, value in score.items() if key != 'wrong'}
        for name, score in report['controls'].items()
    }
    (asks / REPORT).write_text(json.dumps(report), 'utf-8')
    assert {result.rightness for result in read_results(asks)} == {'asked', 'right'}
    assert (asks / EPISODES).read_bytes() == (folders[0] / EPISODES).read_bytes()
    write_report([asks], tmp_path / 'page.html')
    page = (tmp_path / 'page.html').read_text('utf-8')
    data = json.loads(page.partition('type="application/json">')[2].partition('</script>')[0])
    (planner,) = data['planners']
    assert (planner['scores']['ends'], planner['scores']['wrong_views']) == now
    assert {trial['rightness'] for trial in data['episodes']} == {'asked', 'right'}


def test_the_terminal_shows_wrong_beside_success(folders):
    scores = evaluate('symbolic', SUITE, folders[1], workers=1, resume=True)
    console = Console(width=120, record=True, file=io.StringIO())
    show_scores(console, scores)
    said = console.export_text()
    assert 'wrong' in said.splitlines()[1]
    assert f'wrong {scores.ends.wrong}; the rest: asked ' in said
    assert f'wrong {scores.ends.wrong}, asked' in scores.text
