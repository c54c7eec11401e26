# SPDX-License-Identifier: Apache-2.0
"""Suites from files: our tasks, the reference form, success by its rule and by ours."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_core import Action, Plan, render_scene_graph
from prism_core.dataset.episode_json import parse_episode, read_episodes, render_episode
from prism_core.domain import find_domain
from prism_core.domains.mapping.controls import CONTROLS
from prism_core.domains.mapping.importing.reference_rule import passes_reference_rule
from prism_core.domains.mapping.importing.reference_suite import read_reference_suite
from prism_core.domains.mapping.judge import judge_episode
from prism_core.episode.closed_loop import MAX_SAME
from prism_core.episode.criterion import Criterion, Fact
from prism_core.errors import ConfigError, PlannerError
from prism_core.evaluation.comparison import compare
from prism_core.evaluation.controls import say_controls
from prism_core.evaluation.evaluate import EPISODES, REPORT, TrialProgress, evaluate, read_results
from prism_core.evaluation.file_suite import FileSuite
from prism_core.evaluation.report import write_report
from prism_core.evaluation.results import read_result
from prism_core.evaluation.suite import SuiteConfig, count_worlds, draw_suite, read_suite
from prism_core.evaluation.trial import Desk
from prism_core.testing import ScriptedPlanner

from .hand_made import do, make_known, make_simulator, make_true, play
from .prism_runs import ROOT
from .strategies import json_values, scene_graphs
from .test_cli_produce import run

DEPOT = ROOT / 'config' / 'evaluate' / 'depot.json'
GENERATED = SuiteConfig(worlds={'seed': 5, 'worlds': 3, 'tier': 'core', 'hidden': [0.3]})
DOMAIN = find_domain('mapping')
LEXICON = DOMAIN.lexicon
ASKABLE = DOMAIN.lexicon.attributes
JUNK = (
    'Yes, no, 2, red, blue, wooden, truck_1, extinguisher_1, forklift_1, shed_1, warehouse_1, '
    'crate_1, fountain_1.'
)
GRAPH = {
    'regions': [
        {'name': 'yard_1', 'coords': [0, 0], 'mapped': True},
        {'name': 'hall_1', 'coords': [10, 0], 'description': 'a hall'},
        {'name': 'moon_1', 'coords': [99, 0]},
    ],
    'objects': [
        {'name': 'crate_1', 'coords': [11, 1], 'description': 'a red crate'},
        {'name': 'kite_1', 'coords': [1, 1]},
        {'name': 'lamp_1', 'coords': [1, 2], 'power': 'running'},
        {'name': 'flag_1', 'coords': [99, 1], 'description': 'a flag'},
    ],
    'region_connections': [['yard_1', 'hall_1']],
    'object_connections': [
        *(['crate_1', 'hall_1'], ['kite_1', 'yard_1'], ['lamp_1', 'yard_1']),
        ['flag_1', 'moon_1'],
    ],
    'failures': 3,
}
TASK = {'task': 'What color is the crate?', 'answer': 'red', 'init_node': 'yard_1'}


def suite_of(*tasks: dict, **more) -> str:
    """The text of a suite in the reference form."""
    return json.dumps({'graph': GRAPH, 'tasks': [{**TASK, **task} for task in tasks], **more})


def task_of(**more):
    """The one task of a suite in the reference form."""
    return read_reference_suite(suite_of(more), ASKABLE)[0][0]


def tried(task, *steps: Action):
    """A task as it goes with one plan after the other, each of one step; then none comes."""
    plans = [*(Plan((step,)) for step in steps), PlannerError('nothing more to do')]
    return Desk(lambda _: ScriptedPlanner(plans), DOMAIN).play(task)


def says_junk():
    """A planner that says one sentence to whatever it is asked."""
    return ScriptedPlanner([Plan((do('answer', JUNK),))] * 1000)


def inspects_on_and_on():
    """A planner that never answers."""
    return ScriptedPlanner([Plan((do('inspect', 'crate_1', 'Is it red?'),))] * 100_000)


@pytest.fixture(scope='module')
def symbolic(tmp_path_factory):
    """The symbolic planner's evaluation on the shipped file."""
    folder = tmp_path_factory.mktemp('symbolic')
    return folder, evaluate('symbolic', read_suite(DEPOT), folder, workers=1)


@pytest.fixture(scope='module')
def lines(tmp_path_factory) -> Path:
    """A generated suite as a file."""
    path = tmp_path_factory.mktemp('lines') / 'tasks.jsonl'
    episodes = [episode for world in draw_suite(GENERATED) for episode in world]
    path.write_text(''.join(render_episode(e) + '\n' for e in episodes), 'utf-8')
    return path


# ------------------------------------------------------------------------------- our JSON Lines


def test_tasks_that_synthesize_wrote_keep_their_ids_and_twins_stand_in_one_world(tmp_path):
    run('synthesize', '--worlds', 4, '--workers', 1, '--no-report', '--out', tmp_path / 'run')
    path = tmp_path / 'run' / 'tasks.jsonl'
    written = list(read_episodes(path.read_text('utf-8').splitlines()))
    suite = read_suite(path)
    worlds = list(draw_suite(suite))
    assert [episode for world in worlds for episode in world] == written
    assert count_worlds(suite) == len(worlds) == 4
    assert any('twin' in episode.provenance for episode in written)


def test_a_generated_suite_that_was_stored_is_the_same_suite_and_so_are_its_trials(lines, tmp_path):
    drawn = evaluate('symbolic', GENERATED, tmp_path / 'drawn', workers=1)
    for path in (lines, tmp_path / 'drawn' / EPISODES):
        read = evaluate('symbolic', read_suite(path), tmp_path / path.name, workers=1)
        assert read.suite_sha256 == drawn.suite_sha256
        assert read.success == drawn.success
        assert read.views == drawn.views
        assert read.reference_rule is None


def test_what_an_episode_does_not_tell_is_no_view_of_it(lines, tmp_path):
    path = tmp_path / 'bare.jsonl'
    bare = [replace(e, provenance={}) for e in read_episodes(lines.open(encoding='utf-8'))]
    path.write_text(''.join(render_episode(e) + '\n' for e in bare), 'utf-8')
    scores = evaluate('symbolic', read_suite(path), tmp_path / 'out', workers=1, any_suite=True)
    assert set(scores.views) == {'kind', 'regions', 'pair'}
    assert scores.path == 0.0
    assert {r.id for r in read_results(tmp_path / 'out')} == {
        f'{episode.seed}-{number}' for number, episode in enumerate(bare)
    }


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('', 'expected tasks, one a line, got none'),
        ('{}\n', r'line 1: expected an episode with schema_version 2, got None'),
        ('\n[\n', r'line 2: not an episode'),
        ('\xff', 'is not UTF-8 text'),
    ],
)
def test_file_that_holds_no_tasks_is_refused(tmp_path, text, message):
    path = tmp_path / 'tasks.jsonl'
    path.write_bytes(text.encode('latin-1'))
    with pytest.raises(ConfigError, match=message):
        read_suite(path)


def test_file_that_is_not_there_is_refused(tmp_path):
    for name in ('tasks.jsonl', 'suite.json', 'suite.yaml'):
        with pytest.raises(ConfigError, match=f'cannot read .*{name}: No such file'):
            read_suite(tmp_path / name)


def test_tasks_with_one_id_or_without_a_robot_location_are_refused(lines, tmp_path):
    line = lines.read_text('utf-8').splitlines()[0]
    path = tmp_path / 'tasks.jsonl'
    path.write_text(f'{line}\n{line}\n', 'utf-8')
    with pytest.raises(ConfigError, match=r'each task to have its own id, got .* twice'):
        read_suite(path)
    task = parse_episode(line)
    lost = replace(task, known_graph=task.known_graph.at(None))
    path.write_text(render_episode(lost), 'utf-8')
    with pytest.raises(ConfigError, match=r'task .*: expected a known graph with its robot_loc'):
        read_suite(path)


# ------------------------------------------------------------------------------ the reference form


def test_robot_knows_the_graph_but_for_what_is_hidden_and_what_is_to_be_looked_at():
    task = task_of(needs=['crate_1'], hide=['kite_1'])
    known = task.known_graph
    assert set(task.true_graph.nodes) - set(known.nodes) == {'kite_1'}
    assert known.robot_location == 'yard_1'
    assert known.nodes['crate_1'].description == ''
    assert known.nodes['hall_1'].description == 'a hall'
    assert 'mapped' not in known.nodes['yard_1'].attributes
    assert known.revision == 0
    assert task.criterion.evidence == (Fact('known', 'kite_1'), Fact('inspected', 'crate_1'))
    assert task.task.intent is None
    assert task_of(needs=['hall_1']).criterion.evidence == (Fact('mapped', 'hall_1'),)


def test_what_is_seen_from_hidden_regions_alone_is_hidden():
    assert set(task_of(hide=['hall_1']).known_graph.nodes) == {
        *('yard_1', 'moon_1', 'kite_1', 'lamp_1', 'flag_1')
    }


def test_keys_that_nobody_knows_are_passed_over():
    assert task_of(difficulty='hard') == task_of()
    text = suite_of({}, author='somebody')
    assert read_reference_suite(text, ASKABLE) == ([task_of()], 0.0)


def test_task_with_a_pattern_is_stored_and_read_back():
    task = task_of(needs=['crate_1'], hide=['lamp_1'])
    assert parse_episode(render_episode(task)) == task


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('[]', r'expected \{"graph".*: Expected `object`, got `array`'),
        ('{', r'expected \{"graph".*: Input data was truncated'),
        ('[' * 100_000, r'expected \{"graph"'),
        ('{"graph": {}}', 'missing required field `tasks`'),
        (suite_of(), 'tasks: expected at least one task, got none; add one'),
        (suite_of({'task': 5}), r'Expected `str`, got `int` - at `\$.tasks\[0\].task`'),
        (suite_of({'needs': 'crate_1'}), r'Expected `array`, got `str`'),
        (suite_of({}, graph={}), 'graph: expected a JSON object with "regions", got none'),
        (suite_of({}, graph={'regions': [{}]}), r'graph: regions\[0\]: expected an object with'),
        (suite_of({}, chance=1), 'chance: expected a share from 0 to below 1, got 1'),
        (suite_of({}, {'task': ' '}), r"tasks\[1\].task: expected a sentence, got ' '"),
        (
            suite_of({'init_node': 'crate_1'}),
            r"tasks\[0\].init_node: expected a region of the graph, such as .* got 'crate_1'",
        ),
        (
            suite_of({'answer': 'a('}),
            r"tasks\[0\].answer: expected a regular .* got 'a\(': missing",
        ),
        (suite_of({'answer': ''}), r'tasks\[0\].answer: .* got an empty one, which is found in'),
        (suite_of({'needs': ['door_1']}), r"needs: expected nodes of the graph, .* got 'door_1'"),
        (suite_of({'hide': ['door_1']}), r"hide: expected nodes of the graph, .* got 'door_1'"),
        (
            suite_of({'hide': ['yard_1']}),
            r"hide: expected nodes other than init_node, got 'yard_1'",
        ),
        (suite_of({'needs': ['flag_1']}), 'seen on a way from yard_1, got .flag_1.; connect it'),
        (suite_of({'hide': ['moon_1']}), 'seen on a way from yard_1, got .moon_1.; connect it'),
        (suite_of({'needs': ['kite_1']}), "got 'kite_1', which has no description; add one"),
    ],
)
def test_what_is_wrong_in_a_file_is_named_with_its_place(tmp_path, text, message):
    path = tmp_path / 'suite.json'
    path.write_text(text, 'utf-8')
    with pytest.raises(ConfigError, match=message) as refused:
        read_suite(path)
    assert str(refused.value).startswith(f'{path}: ')


def test_floors_of_the_gate_are_no_suite():
    with pytest.raises(ConfigError, match=r'gate.json: expected \{"graph"'):
        read_suite(DEPOT.with_name('gate.json'))


_NAMES = st.sampled_from(['yard_1', 'hall_1', 'moon_1', 'crate_1', 'kite_1', 'lamp_1', 'a_1', ''])
_LISTS = st.lists(_NAMES, max_size=3) | json_values
_TASKS = st.fixed_dictionaries(
    {
        'task': st.sampled_from(['Find a crate.', 'Where is the lamp?']) | json_values,
        'answer': st.sampled_from(['red', 'a|b', '[', '(?i)x', 'a{9999999999}']) | json_values,
        'init_node': _NAMES | json_values,
    },
    optional={'needs': _LISTS, 'hide': _LISTS, 'more': json_values},
)
_GRAPHS = (
    st.just(GRAPH) | scene_graphs().map(lambda g: json.loads(render_scene_graph(g))) | json_values
)
_SUITES = st.fixed_dictionaries(
    {'graph': _GRAPHS, 'tasks': st.lists(_TASKS, max_size=3) | json_values},
    optional={'chance': json_values, 'more': json_values},
)


@given(data=_SUITES | json_values)
def test_any_json_gives_tasks_that_can_be_played_or_a_config_error(data):
    try:
        tasks, _ = read_reference_suite(json.dumps(data), ASKABLE)
    except ConfigError:
        return
    for task in tasks:
        assert parse_episode(render_episode(task)) == task
        played = tried(task, do('map_region', task.known_graph.robot_location), do('answer', 'x'))
        assert played.outcome is not None
        assert read_result(played).reference is not None


def test_well_formed_suite_is_read_whatever_the_start():
    for start in ('yard_1', 'hall_1'):
        assert task_of(init_node=start, needs=['crate_1', 'lamp_1', 'hall_1'], hide=['kite_1'])


# -------------------------------------------------------------------------------- the two rules

LOOK = do('inspect', 'crate_1', 'Is it red?')


@pytest.mark.parametrize(
    ('steps', 'by_the_reference', 'reason'),
    [
        ([LOOK, do('answer', 'It is red.')], True, ''),
        ([do('answer', 'It is red.')], True, 'not grounded: crate_1 was not inspected before'),
        ([LOOK, do('answer', 'It is blue.')], False, 'not answered: expected red'),
        (
            [LOOK, do('clarify', 'Is it red?')],
            True,
            'not answered: expected the end to be reported',
        ),
        ([LOOK], True, 'not answered: expected the end to be reported, it was planner_error'),
        ([], False, 'not grounded: crate_1 was not inspected before the answer'),
    ],
)
def test_the_rules_differ_in_evidence_and_in_the_need_of_an_answer(steps, by_the_reference, reason):
    played = tried(task_of(needs=['crate_1']), *steps)
    assert passes_reference_rule(played) is by_the_reference
    assert played.outcome.reason.startswith(reason)
    assert played.outcome.success is (not reason)


def test_only_what_is_answered_counts_and_not_where_the_robot_drives_before():
    task = task_of(answer='hall')
    plan = Plan((do('goto', 'hall_1'), do('answer', 'done')))
    played = Desk(lambda _: ScriptedPlanner([plan]), DOMAIN).play(task)
    assert passes_reference_rule(played)
    assert played.outcome.reason == 'not answered: expected hall'


@pytest.mark.parametrize(('answer', 'said'), [('yes', 'Yes.'), ('RED|blue', 'a Red crate')])
def test_capitals_make_no_difference_to_either_rule(answer, said):
    played = tried(task_of(answer=answer), do('answer', said))
    assert passes_reference_rule(played)
    assert played.outcome.success


def test_what_is_hidden_must_be_found_and_a_region_that_is_needed_mapped():
    task = task_of(answer='crate', hide=['crate_1'], needs=['hall_1'])
    answer = do('answer', 'crate_1')
    assert tried(task, answer).outcome.reason == 'not found: crate_1 is not known'
    assert tried(task, do('map_region', 'hall_1'), answer).outcome.success


def test_planner_that_never_answers_passes_the_reference_rule_and_fails_ours(tmp_path):
    path = tmp_path / 'suite.json'
    path.write_text(suite_of({'needs': ['crate_1'], 'answer': 'crate'}), 'utf-8')
    planner = f'{__name__}:inspects_on_and_on'
    scores = evaluate(planner, read_suite(path), tmp_path / 'out', workers=1)
    assert scores.reference_rule.value == 1.0
    assert scores.success.value == 0.0
    (result,) = read_results(tmp_path / 'out')
    assert (result.ending, result.turns, scores.stuck) == ('stuck', 1 + MAX_SAME, 1)


def test_task_of_our_own_has_no_verdict_by_the_reference_rule():
    assert passes_reference_rule(play([Plan((do('answer', 'x'),))])) is None


def test_object_of_which_only_a_description_is_told_shows_it_whatever_is_asked():
    task = task_of(needs=['crate_1'])
    shown = tried(task, LOOK).turns[0].observations[0]
    assert (shown.status, shown.feedback) == ('done', 'a red crate')
    assert shown.update.set_attributes == {'crate_1': {'description': 'a red crate'}}
    other = make_simulator().execute(do('inspect', 'crate_31', 'Is it open?'))
    assert other.status == 'failed'


def test_inspection_that_showed_anything_is_evidence_where_nothing_special_is_wanted():
    wanted = Criterion(
        'any', evidence=(Fact('inspected', 'crate_31'),), max_actions=9, max_distance_m=99.0
    )
    for steps, is_grounded in (([do('inspect', 'crate_31', 'Is it red?')], True), ([], False)):
        plans = [*(Plan((step,)) for step in steps), Plan((do('answer', 'done'),))]
        played = play(plans, make_true(), make_known())
        assert judge_episode(replace(played, criterion=wanted), LEXICON).grounded is is_grounded


# -------------------------------------------------------------------------------- the shipped file


def test_symbolic_planner_solves_the_shipped_file_by_both_rules(symbolic):
    folder, scores = symbolic
    assert scores.success.value == scores.reference_rule.value == 1.0
    assert 12 <= scores.trials == scores.success.tasks
    report = json.loads((folder / REPORT).read_text('utf-8'))
    assert report['reference_rule']['value'] == 1.0


def test_shipped_file_stands_on_the_packaged_graph_and_has_evidence_in_each_task(depot):
    for (task,) in draw_suite(read_suite(DEPOT)):
        assert set(task.true_graph.nodes) == set(depot.nodes)
        assert task.true_graph.connections == depot.connections
        assert task.criterion.evidence


def test_one_junk_sentence_gets_full_marks_by_the_reference_rule_and_none_by_ours(tmp_path):
    scores = evaluate(f'{__name__}:says_junk', read_suite(DEPOT), tmp_path, workers=1)
    assert scores.reference_rule.value == 1.0
    assert scores.success.value == 0.0


def test_controls_pass_by_the_reference_rule_and_never_by_ours():
    tasks = [task for world in draw_suite(read_suite(DEPOT)) for task in world]
    passed = {}
    for name in CONTROLS:
        desk = Desk(lambda task, name=name: DOMAIN.make_control(name, task), DOMAIN)
        results = [read_result(desk.play(task)) for task in tasks]
        assert not any(result.success for result in results), name
        passed[name] = sum(bool(result.reference) for result in results)
    assert min(passed['one_fixed_sentence'], passed['list_every_object']) >= 4
    assert sum(number > 0 for number in passed.values()) >= 6


def test_file_that_controls_solve_is_scored_unless_it_states_a_smaller_chance(tmp_path):
    path = tmp_path / 'suite.json'
    easy = {'answer': 'Yes', 'task': 'Is there a lamp?'}
    path.write_text(suite_of(easy), 'utf-8')
    scores = evaluate('symbolic', read_suite(path), tmp_path / 'out', workers=1)
    assert scores.controls['always_yes'].solved == 1.0
    assert 'controls solve 100.0% at most' in say_controls(scores.controls)
    path.write_text(suite_of(easy, {**easy, 'answer': 'blue'}, chance=0.33), 'utf-8')
    with pytest.raises(ConfigError, match=r'solves 33% at most, it solves 50%'):
        evaluate('symbolic', read_suite(path), tmp_path / 'out2', workers=1)
    path.write_text(suite_of(easy, {**easy, 'answer': 'blue'}, chance=0.5), 'utf-8')
    assert evaluate('symbolic', read_suite(path), tmp_path / 'other', workers=1).trials == 2


def test_file_in_which_none_or_asking_is_right_for_some_is_scored_and_says_what_controls_reach(
    lines, tmp_path
):
    path, look = tmp_path / 'suite.json', {'answer': 'blue', 'needs': ['crate_1']}
    none = {'task': 'Is there a lamp?', 'answer': 'There is no'}
    path.write_text(suite_of(none, look, look), 'utf-8')
    scores = evaluate('symbolic', read_suite(path), tmp_path / 'out', workers=1)
    assert scores.controls['always_not_there'].solved == pytest.approx(1 / 3)
    assert say_controls(scores.controls) == (
        'controls solve 33.3% at most (always_not_there) of these tasks, which have no twins: as '
        'much passes here by luck or by one fixed deed'
    )
    alone = [e for e in read_episodes(lines.open(encoding='utf-8')) if 'twin' not in e.provenance]
    vague = [e for e in alone if e.criterion.answer == 'question']
    others = [e for e in alone if e not in vague]
    path = tmp_path / 'alone.jsonl'
    path.write_text(''.join(render_episode(e) + '\n' for e in [*vague, *others]), 'utf-8')
    scores = evaluate('symbolic', read_suite(path), tmp_path / 'alone', workers=1)
    assert scores.controls['always_clarify'].solved == len(vague) / len(alone) > 0
    path.write_text(''.join(render_episode(e) + '\n' for e in vague), 'utf-8')
    scores = evaluate('symbolic', read_suite(path), tmp_path / 'vague', workers=1)
    assert 'controls solve 100.0% at most (always_clarify)' in say_controls(scores.controls)


ASKED = do('clarify', 'Which one do you mean: crate_1 or crate_31?')


@pytest.mark.parametrize(
    ('answer', 'is_right'),
    [
        *(('which one', True), ('CLARIFY', True), (r'\?', True), ('crate_1.*crate_31', True)),
        *(('crate_1|crate', False), ('no|yes', False), ('red', False)),
    ],
)
def test_asking_is_right_where_the_expression_wants_a_question_and_not_where_it_is_mentioned(
    answer, is_right
):
    played = tried(task_of(answer=answer), ASKED)
    assert played.outcome.success is is_right
    result = read_result(played)
    assert (result.asked, result.rightness) == (
        ('right', 'right') if is_right else ('wrong', 'asked')
    )


def test_plain_questions_of_a_user_are_played_and_it_is_said_what_controls_solve(tmp_path):
    path = tmp_path / 'mine.json'
    sentences = (
        *('What color is the crate?', 'Where is the lamp?', 'Is there a kite?', 'Find a crate.'),
        *('Describe the lamp.', 'How many crates are there?', 'Is there a piano?'),
        *('Go to the hall.', 'Map the hall.', 'Bring it to me.'),
    )
    answers = ('red', 'yard', 'yes', 'crate', 'lamp', '1', 'no', 'hall', 'crate', 'what|which')
    tasks = [{'task': s, 'answer': a} for s, a in zip(sentences, answers)]
    path.write_text(suite_of(*tasks), 'utf-8')
    said = run('evaluate', 'symbolic', '--suite', path, '--out', tmp_path / 'out', '--workers', 1)
    assert 'of these tasks, which have no twins' in said
    results = read_results(tmp_path / 'out')
    assert len(results) == 10
    assert results[-1].rightness == 'right'  # asked, as it should


def test_the_shipped_file_is_played_by_the_bundled_student_too(tmp_path):
    pytest.importorskip('llama_cpp')
    scores = evaluate('student', read_suite(DEPOT), tmp_path / 'out', workers=1)
    assert scores.controls['untrained'].solved < scores.success.value
    assert 'at most (say_nothing) of these tasks' in say_controls(scores.controls)


def test_teacher_is_refused_as_nothing_says_what_the_sentences_mean(tmp_path):
    with pytest.raises(ConfigError, match=r'the teacher needs the intent .* such as symbolic'):
        evaluate('teacher', read_suite(DEPOT), tmp_path / 'out', workers=1)
    assert not (tmp_path / 'out').exists()


def test_evaluations_of_a_file_are_compared_and_shown_as_a_page(symbolic, tmp_path):
    folder, _ = symbolic
    junk = tmp_path / 'junk'
    evaluate(f'{__name__}:says_junk', read_suite(DEPOT), junk, workers=1)
    assert compare(folder, junk).total.difference.value == 1.0
    write_report([folder, junk], tmp_path / 'page.html')
    page = (tmp_path / 'page.html').read_text('utf-8')
    assert '13 regions, trial 0' in page


# ----------------------------------------------------------------------------- runs that go on


def test_evaluation_of_a_file_goes_on_and_refuses_another_file(symbolic, tmp_path):
    suite, out = read_suite(DEPOT), tmp_path / 'out'

    def stop(progress: TrialProgress) -> None:
        if progress.done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate('symbolic', suite, out, workers=1, on_progress=stop)
    other = tmp_path / 'other.json'
    other.write_text(DEPOT.read_text('utf-8').replace('"red"', '"blue"'), 'utf-8')
    with pytest.raises(ConfigError, match=r'the run was begun with suite.sha256: .* now it is'):
        evaluate('symbolic', read_suite(other), out, workers=1, resume=True)
    moved = tmp_path / 'moved.json'
    moved.write_bytes(DEPOT.read_bytes())
    again = evaluate('symbolic', read_suite(moved), out, workers=1, resume=True)
    assert again.suite_sha256 == symbolic[1].suite_sha256
    assert again.trials == symbolic[1].trials


def test_recipe_beside_the_trials_names_the_file_and_its_sha256(symbolic):
    recipe = (symbolic[0] / 'recipe.yaml').read_text('utf-8')
    suite = read_suite(DEPOT)
    assert isinstance(suite, FileSuite)
    assert f'file: {DEPOT}' in recipe
    assert f'sha256: {suite.sha256}' in recipe


def test_command_line_takes_a_file_and_prints_success_by_both_rules(tmp_path):
    said = run('evaluate', 'symbolic', '--suite', DEPOT, '--out', tmp_path / 'out', '--workers', 1)
    rows = [line for line in said.splitlines() if line.startswith('│ all ')]
    assert len(rows) == 2
    assert 'by the reference rule' in rows[1]
