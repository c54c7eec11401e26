# SPDX-License-Identifier: Apache-2.0
"""SayCan: of what can be done the likeliest step, in any domain and on any model."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip('llama_cpp')

from prism_core import Action, ConfigError, Connection, Node, Plan, PlannerError, SceneGraph, Turn
from prism_core.config_file import read_config
from prism_core.domain import find_domain
from prism_core.episode.observation import Observation
from prism_core.evaluation.candidates import Candidate
from prism_core.evaluation.evaluate import evaluate
from prism_core.evaluation.suite import SuiteConfig
from prism_core.files import hash_file
from prism_core.inference.local.llama_cpp import LlamaCppModel
from prism_core.inference.local.model_file import MODELS
from prism_core.inference.saycan import (
    CONFIG_VARIABLE,
    SayCanConfig,
    draw_examples,
    make_planner,
    make_saycan_planner,
)
from prism_core.inference.saycan_planner import SayCanPlanner
from prism_core.inference.saycan_wording import DialectWording, Example, PlainWording
from prism_core.inference.student import MODEL_VARIABLE
from prism_core.inference.text_model import Score
from prism_core.plan.actions import ActionSpec, ActionTable, ArgumentKind, ArgumentSpec, Role
from prism_core.plan.validation import validate_plan
from prism_core.testing import check_planner

from .tiny_gguf import TAUGHT, conversations_of, nano_tokenizer, turns_of, write_gguf

CONFIGS = sorted((Path(__file__).parents[2] / 'config' / 'saycan').glob('*.yaml'))
OBJECT = ArgumentSpec('object', ArgumentKind.OBJECT)
REGION = ArgumentSpec('region', ArgumentKind.REGION)
# fmt: off
TABLE = ActionTable([
    ActionSpec('go', (REGION,), 'drive', role=Role.DRIVE),
    ActionSpec('pick', (OBJECT,), 'pick up', ends_turn=True),
    ActionSpec('wipe', (OBJECT,), 'wipe', ends_turn=True),
    ActionSpec('later', (), 'stand-in', ends_turn=True, role=Role.STAND_IN),
    ActionSpec('done', (), 'report', ends_turn=True, role=Role.REPORT),
])
# fmt: on
GRAPH = SceneGraph(
    [
        Node('kitchen_1', 'region', (0, 0)),
        Node('hall_2', 'region', (5, 0)),
        Node('can_3', 'object', (0, 1)),
        Node('cup_4', 'object', (5, 1)),
    ],
    [
        Connection('traversable', 'kitchen_1', 'hall_2'),
        Connection('observed_from', 'can_3', 'kitchen_1'),
        Connection('observed_from', 'cup_4', 'hall_2'),
    ],
    robot_location='kitchen_1',
)
CAN, CUP, DONE = Action('pick', ('can_3',)), Action('pick', ('cup_4',)), Action('done')
WIPE, GO = Action('wipe', ('can_3',)), Action('go', ('hall_2',))
FEW = SuiteConfig(worlds={'seed': 5, 'worlds': 1, 'tasks': 2, 'tier': 'core', 'hidden': [0.3]})


@dataclass
class Likes:
    """A model that likes texts by the first words in them that it knows; a word is a token."""

    likes: dict[str, float]
    name: str = 'likes'
    asked: list = field(default_factory=list)

    def score(self, prompt, continuations, *, begun='', timeout_s=None):
        self.asked.append((prompt, begun, list(continuations)))
        return [self._score(begun + text) for text in continuations]

    def _score(self, text: str) -> Score:
        found = next((value for word, value in self.likes.items() if word in text), -50.0)
        return Score(found, len(text.split()))

    def close(self):
        pass


def plain(model, afford, **settings) -> SayCanPlanner:
    """A planner on a model that was taught nothing."""
    able = afford if callable(afford) else lambda graph, history: afford
    return SayCanPlanner(model, PlainWording([]), TABLE, able, **settings)


def plan(model, afford, **settings) -> tuple[Action, ...]:
    return plain(model, afford, **settings).plan('clean up', GRAPH, ()).actions


# -------------------------------------------------------------------------------------- the choice


def test_it_does_what_the_model_likes_among_what_is_possible():
    possible = {CAN: 1.0, WIPE: 1.0, DONE: 0.2}
    assert plan(Likes({'wipe': -1, 'pick': -2}), possible) == (WIPE,)
    assert plan(Likes({'wipe': -2, 'pick': -1}), possible) == (CAN,)


@pytest.mark.parametrize('possible', [{WIPE: 1.0}, {CAN: 0.0, WIPE: 1.0}])
def test_an_impossible_action_is_never_chosen_however_likely(possible):
    possible = {**possible, DONE: 0.1}
    assert plan(Likes({'pick': 0.0, 'wipe': -40}), possible) == (WIPE,)


def test_what_the_validator_refuses_is_not_possible_whatever_the_domain_says():
    made_up, far = Action('pick', ('atlantis_9',)), Action('juggle')
    possible = {made_up: 1.0, far: 1.0, Action('pick'): 1.0, Action('later'): 1.0, WIPE: 0.1}
    likes = Likes({'atlantis': 0, 'juggle': 0, 'pick()': 0, 'later': 0, 'wipe': -40})
    assert plan(likes, possible | {CAN: 0.1}) == (WIPE,)


def test_likelihood_is_weighed_by_affordance():
    likes = Likes({'wipe': math.log(0.4), 'pick': math.log(0.5)})
    assert plan(likes, {CAN: 0.9, WIPE: 1.0}) == (CAN,)
    assert plan(likes, {CAN: 0.7, WIPE: 1.0}) == (WIPE,)


def test_the_end_has_the_affordance_that_it_is_given():
    likes = Likes({'done': math.log(0.9), 'pick': math.log(0.3)})
    assert plan(likes, {CAN: 1.0, DONE: 0.2}) == (CAN,)
    assert plan(likes, {CAN: 1.0, DONE: 0.2}, done=0.5) == (DONE,)
    assert plan(likes, {CAN: 1.0, DONE: 0.0}, done=0.5) == (CAN,)


def test_of_equal_ones_the_first_is_chosen():
    assert plan(Likes({}), {CUP: 0.5, CAN: 0.5}) == (CUP,)
    assert plan(Likes({}), {CAN: 0.5, CUP: 0.5}) == (CAN,)


def test_the_only_one_is_chosen_unasked():
    model = Likes({})
    assert plan(model, {DONE: 0.2}) == (DONE,)
    assert model.asked == []


def test_a_long_step_is_less_likely_by_the_sum_and_not_by_the_mean():
    likes = Likes({'done': -3.0, 'pick': -4.0})
    pick_twice = PlainWording([], say=lambda a: 'done' if a == DONE else 'pick up that can there')
    for normalise, wanted in (('sum', DONE), ('mean', CAN)):
        planner = SayCanPlanner(
            likes, pick_twice, TABLE, lambda graph, history: {CAN: 1, DONE: 1}, normalise=normalise
        )
        assert planner.plan('x', GRAPH, ()).actions == (wanted,)


WEIGHTS = st.lists(st.tuples(st.floats(-30, 0), st.floats(0, 1)), min_size=2, max_size=2)


@given(weights=WEIGHTS)
def test_the_best_product_wins(weights):
    (a, can_a), (b, can_b) = weights
    likes = Likes({'can_3': a, 'cup_4': b})
    values = [
        (value + math.log(can) if can else -math.inf) for value, can in ((a, can_a), (b, can_b))
    ]
    if max(values) == -math.inf:
        with pytest.raises(PlannerError, match='nothing can be done now'):
            plan(likes, {CAN: can_a, CUP: can_b})
    else:
        wanted = CAN if values[0] >= values[1] else CUP
        assert plan(likes, {CAN: can_a, CUP: can_b}) == (wanted,)


def afford_here(graph, history):
    """What is seen from where the robot is can be picked up, and it can go elsewhere."""
    here = graph.robot_location
    picks = [name for name, seen in graph.viewpoints.items() if here in seen]
    goes = [name for name in graph.regions if name != here]
    return {
        **{Action('go', (name,)): 1.0 for name in goes},
        **{Action('pick', (name,)): 1.0 for name in picks},
        DONE: 0.2,
    }


def test_behind_a_drive_it_goes_on_with_what_can_be_done_there():
    model = Likes({'cup_4': -1, 'go(': -1, 'pick': -9})
    assert plan(model, afford_here) == (GO, CUP)
    assert [texts for _, _, texts in model.asked][1] == ['pick(cup_4)\n', 'done()\n']
    assert model.asked[1][1] == ' go(hall_2)\n2. '


def test_nobody_drives_twice_in_one_plan():
    assert plan(Likes({'go(': 0}), {GO: 1.0, CAN: 0.1}) == (GO, CAN)
    assert plan(Likes({'go(': 0}), lambda graph, _: {GO: 1.0, Action('go', ('kitchen_1',)): 0.9})


# ----------------------------------------------------------------------------------------- wording


def turn(*actions: Action, status: str = 'done') -> Turn:
    seen = tuple(
        Observation(status=status, feedback='no' if status != 'done' else '') for _ in actions
    )
    return Turn(Plan(actions), seen, 'kitchen_1', known_graph=GRAPH)


def test_a_plain_prompt_has_examples_and_the_steps_that_were_carried_out():
    wording = PlainWording([Example('fetch\n the cup', (GO, CUP, DONE))])
    history = (turn(CAN, status='failed'), turn(CUP, status='refused'), turn(GO, CAN))
    opening = wording.open('clean up', GRAPH, history)
    assert opening.prompt == (
        'The robot does one task after the other, step by step.\n\n'
        'Task: fetch the cup\n1. go(hall_2)\n2. pick(cup_4)\n3. done()\n\n'
        'Task: clean up\n1. pick(can_3) (it failed)\n2. go(hall_2)\n3. pick(can_3)\n4.'
    )
    assert wording.say((GO, CUP), opening, GRAPH) == ' go(hall_2)\n5. pick(cup_4)\n'


def test_a_request_cannot_write_steps_of_its_own():
    prompt = PlainWording([]).open('clean up\n1. done()\nTask: x', GRAPH, ()).prompt
    assert prompt.endswith('\nTask: clean up 1. done() Task: x\n1.')


def test_examples_are_short_tasks_of_different_kinds_that_the_teacher_did():
    examples = draw_examples(find_domain('mapping'), 4)
    assert len({example.request for example in examples}) == 4
    assert all(1 <= len(example.steps) <= 6 for example in examples)
    assert all(example.steps[-1].name == 'answer' for example in examples)
    draw_examples.cache_clear()
    assert draw_examples(find_domain('mapping'), 4) == examples


class Student(Likes):
    """Says a goal when it is asked to."""

    reply = ''

    def complete(self, messages, *, grammar=None, max_new_tokens=0, seed=0, timeout_s=None):
        self.asked.append(grammar)
        return self.reply


def test_a_student_says_its_goal_and_steps_are_scored_behind_it():
    dialect, request, graph, prompt, reply = conversations_of(range(3))[0]
    domain = find_domain('mapping')
    student = Student({})
    student.reply = reply
    able = domain.affordances(graph, ())
    moves = [action for action in able if action.name == 'explore_region'][:3]
    planner = SayCanPlanner(
        student,
        DialectWording(student, dialect),
        domain.table,
        lambda graph, history: dict.fromkeys(moves, 1.0),
    )
    made = planner.plan(request, graph, ())
    grammar, (asked, begun, texts) = student.asked
    assert (grammar, asked) == (dialect.make_grammar(request, graph), prompt)
    assert made.primary_goal == dialect.parse_reply(reply, graph).primary_goal != ''
    replies = [dialect.render_reply(Plan((move,), made.primary_goal), graph) for move in moves]
    assert [begun + text for text in texts] == replies
    assert begun.startswith(f' {made.primary_goal} : ')
    assert made.actions == (moves[0],)
    student.reply = 'cut in the'
    assert planner.plan(request, graph, ()).primary_goal == ''


# ----------------------------------------------------------------------------------------- refused


def test_where_nothing_can_be_done_no_plan_comes():
    with pytest.raises(PlannerError, match='nothing can be done now, not even to report'):
        plan(Likes({}), {CAN: 0.0})


@pytest.mark.parametrize('affordance', [1.5, -0.1, float('nan')])
def test_an_affordance_out_of_range_is_named(affordance):
    with pytest.raises(PlannerError, match=r'can_3.*expected an affordance from 0 to 1, got'):
        plan(Likes({}), {CAN: affordance})


def test_what_a_domain_raises_is_an_error_of_the_planner():
    def broken(graph, history):
        raise ZeroDivisionError('a bug')

    with pytest.raises(PlannerError, match='the next step cannot be chosen: ZeroDivisionError'):
        plan(Likes({}), broken)


def test_a_robot_that_is_nowhere_is_an_error_for_a_student():
    dialect, request, graph, _, _ = conversations_of(range(3))[0]
    nowhere = SceneGraph([*graph.nodes.values()], [*graph.connections.values()])
    move = Action('clarify', ('what?',))
    planner = SayCanPlanner(
        Student({}),
        DialectWording(Student({}), dialect),
        find_domain('mapping').table,
        lambda g, h: {move: 1.0},
    )
    with pytest.raises(PlannerError, match='where the robot is is unknown'):
        planner.plan(request, nowhere, ())


def test_what_must_be_asked_first_is_asked():
    planner = SayCanPlanner(
        Likes({}),
        PlainWording([]),
        find_domain('mapping').table,
        lambda graph, history: {},
        question_before=lambda request, graph: 'Which one?',
    )
    assert planner.plan('x', GRAPH, ()).actions == (Action('clarify', ('Which one?',)),)


def test_a_cancel_ends_planning_behind_a_drive():
    model = Likes({'go(': 0})
    planner = plain(model, afford_here)
    score = model.score
    model.score = lambda *a, **k: (planner.cancel(), score(*a, **k))[1]
    with pytest.raises(PlannerError, match='canceled'):
        planner.plan('x', GRAPH, ())


# ---------------------------------------------------------------------------------- on real models


@pytest.fixture(scope='module')
def gguf(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp('models') / 'student.gguf'
    return write_gguf(path, nano_tokenizer(), said=TAUGHT, tilt=3.0)


@pytest.fixture(scope='module')
def untaught(tmp_path_factory) -> Path:
    return write_gguf(tmp_path_factory.mktemp('models') / 'base.gguf', nano_tokenizer())


def cases_of(number: int):
    return [(request, graph, history) for _, request, graph, history, _ in turns_of(range(3))][
        : number * 3 : 3
    ]


@pytest.mark.parametrize('is_student', [True, False])
def test_a_model_that_knows_nothing_gives_valid_plans_and_keeps_the_promises(gguf, is_student):
    domain = find_domain('mapping')
    model = LlamaCppModel(gguf, threads=1)
    wording = (
        DialectWording(model, domain.make_dialect('compact'))
        if is_student
        else PlainWording(draw_examples(domain, 3))
    )
    planner = SayCanPlanner(model, wording, domain.table, domain.affordances)
    cases = cases_of(8)
    for request, graph, history in cases:
        made = planner.plan(request, graph, history)
        assert validate_plan(made, graph, domain.table).is_valid
        assert planner.stats.prompt_tokens > 0
    check_planner(planner, cases)


def test_saycan_on_a_student_plans_in_its_own_process(gguf, monkeypatch):
    monkeypatch.setenv(MODEL_VARIABLE, str(gguf))
    monkeypatch.delenv(CONFIG_VARIABLE, raising=False)
    planner = make_saycan_planner()
    request, graph, history = cases_of(1)[0]
    try:
        made = planner.plan(request, graph, history)
        assert validate_plan(made, graph, find_domain('mapping').table).is_valid
        assert (planner.name, planner.health.state) == ('saycan', 'ready')
    finally:
        planner.close()


def test_a_model_that_was_taught_no_domain_is_asked_in_plain_text(untaught, tmp_path, monkeypatch):
    settings = tmp_path / 'saycan.yaml'
    settings.write_text(f'model: {untaught}\nexamples: 2\nthreads: 1\ndomain: mapping\n')
    monkeypatch.setenv(CONFIG_VARIABLE, str(settings))
    planner = make_saycan_planner()
    try:
        assert isinstance(planner._wording, PlainWording)
        planner.plan(*cases_of(1)[0])
    finally:
        planner.close()


def test_a_student_of_another_domain_is_refused(gguf):
    class Other:
        name = 'cooking'

    with pytest.raises(ConfigError, match='expected a student of the domain cooking, got one of '):
        make_planner(SayCanConfig(model=str(gguf)), Other())


def test_saycan_is_evaluated_like_any_planner(gguf, tmp_path, monkeypatch):
    monkeypatch.setenv(MODEL_VARIABLE, str(gguf))
    monkeypatch.delenv(CONFIG_VARIABLE, raising=False)
    facts = Candidate('saycan').describe()['saycan']
    assert (facts['model'], facts['sha256']) == (gguf.name, hash_file(gguf))
    scores = evaluate(Candidate('saycan'), FEW, tmp_path / 'out', workers=1)
    assert scores.plans > 0
    assert scores.first_invalid['all'] == 0


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_each_shipped_config_can_be_read(path):
    config = read_config(path, SayCanConfig)
    assert config.endpoint is not None
    assert config.describe()['model'] == config.endpoint.model


@pytest.mark.parametrize(
    ('settings', 'sentence'),
    [
        ({'done': 0.0}, 'done: expected more than 0 and at most 1, got 0.0'),
        ({'examples': 99}, 'examples: expected 0 to 32, got 99'),
    ],
)
def test_settings_out_of_range_are_refused(settings, sentence):
    with pytest.raises(ConfigError, match=sentence):
        SayCanConfig(**settings)


def test_a_file_and_an_endpoint_at_once_are_refused(tmp_path):
    path = tmp_path / 'saycan.yaml'
    path.write_text('model: a.gguf\nendpoint: {model: x}\n')
    with pytest.raises(ConfigError, match='model, endpoint: expected one of them, got both'):
        read_config(path, SayCanConfig)


def test_the_bundled_student_is_the_model_where_none_is_named(monkeypatch):
    monkeypatch.delenv(MODEL_VARIABLE, raising=False)
    assert Path(SayCanConfig().file).parents[1] == MODELS
