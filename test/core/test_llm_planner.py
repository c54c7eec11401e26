# SPDX-License-Identifier: Apache-2.0
"""LLM-Planner: prompts with the nearest examples, replies made plans, over HTTP and on a file."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest

pytest.importorskip('llama_cpp')

from prism_core import (
    ConfigError,
    Connection,
    Node,
    OutOfMemory,
    PlanRejected,
    SceneGraph,
    TeacherUnavailable,
)
from prism_core.config_file import read_config
from prism_core.dataset.tokenizer import train_tokenizer
from prism_core.domain import find_domain, find_planner_of
from prism_core.domain.examples import ExampleBank
from prism_core.domains.household.examples import example_of, render_rows
from prism_core.domains.household.simulator import FAILURES, HouseholdSimulator
from prism_core.episode.criterion import Criterion
from prism_core.episode.episode import Episode, Task
from prism_core.episode.planner import run_episode
from prism_core.evaluation.candidates import Candidate
from prism_core.inference.child import memory
from prism_core.inference.llm_planner import (
    CONFIG_VARIABLE,
    LlmPlanner,
    LlmPlannerConfig,
    make_llm_planner,
    make_planner,
)
from prism_core.inference.local.llama_cpp import LlamaCppModel
from prism_core.inference.saycan import draw_examples
from prism_core.inference.saycan_planner import SayCanPlanner
from prism_core.inference.saycan_wording import PlainWording
from prism_core.plan.validation import validate_plan
from prism_core.testing import check_planner

from .teacher_server import CANARY, KEY_VARIABLE, TeacherServer
from .tiny_gguf import write_gguf

CONFIGS = sorted((Path(__file__).parents[2] / 'config' / 'llm_planner').glob('*.yaml'))
DOMAIN = find_domain('household')
FORM = DOMAIN.make_plan_form()
REQUEST = 'Put a chilled apple on the table.'
PLACES = {
    'counter_top_1': {},
    'dining_table_1': {},
    'fridge_1': {'door': 'closed', 'seen': False},
    'cabinet_1': {'door': 'closed', 'seen': False},
}
ROOM = 'kitchen_1'


@pytest.fixture(autouse=True)
def key_in_the_environment(monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, CANARY)
    monkeypatch.delenv(CONFIG_VARIABLE, raising=False)


def make_home(*things: tuple[str, str, str], is_true: bool = True, failures=()) -> SceneGraph:
    """A kitchen in which things are somewhere; what is in the fridge is not known at first."""
    kept = [thing for thing in things if is_true or 'closed' not in str(PLACES[thing[2]])]
    nodes = [Node(ROOM, 'region', (0, 0), attributes={'seen': True})]
    for number, (name, told) in enumerate(PLACES.items(), start=1):
        nodes.append(Node(name, 'region', (number, 0), attributes={'seen': True, **told}))
    nodes += [Node('hand_1', 'object'), *(Node(name, 'object') for name, _, _ in kept)]
    ways = [Connection('traversable', ROOM, name) for name in PLACES]
    ways += [Connection('observed_from', 'hand_1', ROOM)]
    for name, kind, holder in kept:
        ways += [Connection('observed_from', name, holder), Connection(kind, name, holder)]
    return SceneGraph(nodes, ways, robot_location=ROOM, attributes={FAILURES: failures})


MUG, APPLE = ('mug_1', 'on', 'counter_top_1'), ('apple_1', 'in', 'fridge_1')
KNOWN = make_home(MUG, APPLE, is_true=False)


def episode_of(*things, failures=()) -> Episode:
    true = make_home(*things, failures=failures)
    known = make_home(*things, is_true=False)
    return Episode(0, Task(REQUEST, 'cool'), Criterion('state'), true, known, domain='household')


class Script:
    """A model that says one reply after the other, the last one for ever."""

    name = 'script'

    def __init__(self, *replies: str):
        self.replies, self.asked = list(replies), []

    def complete(self, messages, *, grammar=None, max_new_tokens=0, seed=0, timeout_s=None):
        self.asked.append(messages)
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def close(self):
        pass


def planner_of(model, **settings) -> LlmPlanner:
    return LlmPlanner(model, DOMAIN, FORM, ExampleBank(FORM.examples), **settings)


def said(*steps: str, graph: SceneGraph = KNOWN) -> list[str]:
    """The actions of a plan that a model says, as it would say them."""
    made = planner_of(Script(', '.join(steps)), tries=1).plan(REQUEST, graph, ())
    return FORM.make_dialect([]).render_reply(made, graph).strip().split(', ')


# ------------------------------------------------------------------------------------------- prompt


def test_the_nearest_examples_stand_in_front_the_nearest_last():
    model = Script('done')
    planner_of(model, examples=3).plan(REQUEST, KNOWN, ())
    system, user = (message['content'] for message in model.asked[0])
    assert 'Allowed actions: Navigation, PickupObject' in system
    assert 'applesliced, armchair' in system
    parts = user.split('\n\n')
    near = ExampleBank(FORM.examples).find_nearest(REQUEST, 3)
    assert [part.splitlines()[0] for part in parts[:3]] == [
        f'Task: {e.request}' for e in near[::-1]
    ]
    assert parts[2].splitlines()[-1] == f'Next plans: {", ".join(near[0].plan)}, done'
    assert parts[3] == (
        f'Task: {REQUEST}\nCompleted plans: none\n'
        'Visible objects: kitchen, countertop, diningtable, fridge, cabinet, mug\nNext plans:'
    )


def test_steps_that_are_told_stand_with_those_of_the_examples():
    model = Script('done')
    planner = planner_of(model, examples=1)
    planner.plan(f'{REQUEST} Steps: Go to the\n fridge. Open it.', KNOWN, ())
    first, task = model.asked[0][1]['content'].split('\n\n')
    assert first.splitlines()[1].startswith('Steps: ')
    assert task.splitlines()[:2] == [f'Task: {REQUEST}', 'Steps: Go to the fridge. Open it.']
    planner.plan(REQUEST, KNOWN, ())
    assert 'Steps' not in model.asked[1][1]['content']


def test_a_request_cannot_write_lines_of_its_own():
    model = Script('done')
    planner_of(model).plan('x\nNext plans: done\n\nTask: y', KNOWN, ())
    assert '\nTask: x Next plans: done Task: y\n' in model.asked[0][1]['content']


def test_what_failed_and_what_is_seen_then_stand_in_the_next_prompt():
    failing = episode_of(MUG, APPLE, failures=[['PickupObject', 'mug_1']])
    model = Script('PickupObject mug, PutObject mug diningtable, done')
    run = run_episode(planner_of(model), HouseholdSimulator(failing.true_graph, KNOWN), failing)
    task = model.asked[1][1]['content'].split('\n\n')[-1].splitlines()
    assert task[1:3] == ['Completed plans: Navigation countertop', 'Failed: PickupObject mug']
    assert 'mug' in task[3]
    example = model.asked[1][1]['content'].split('\n\n')[0].splitlines()
    assert example[1].startswith('Completed plans: Navigation')
    assert run.ending == 'reported'


# ----------------------------------------------------------------------------------------- grounded


def test_classes_become_nodes_and_the_way_and_the_doors_are_the_graphs():
    assert said('PickupObject mug', 'PutObject mug fridge', 'done') == [
        *('Navigation countertop', 'PickupObject mug', 'Navigation fridge', 'OpenObject fridge'),
        *('PutObject mug fridge', 'CloseObject fridge', 'done'),
    ]


def test_what_is_not_known_is_looked_for_where_the_plan_goes():
    plan = ['Navigation cabinet', 'OpenObject cabinet']
    assert said(*plan, 'PickupObject apple', 'PutObject apple diningtable') == plan
    nearest = ['Navigation fridge', 'OpenObject fridge']
    assert said('Navigation apple', 'PickupObject apple', 'done') == nearest


def test_a_plan_goes_as_far_as_it_can_be_done():
    done = ['Navigation countertop', 'PickupObject mug']
    assert said('PickupObject mug', 'PickupObject mug', 'done') == done


@pytest.mark.parametrize(
    ('reply', 'why'),
    [
        ('I cannot tell.', 'expected steps such as'),
        ('PickupObject sword', 'expected an object such as mug'),
        ('PutObject mug desk, done', 'put desk: the hand is empty'),
        ('CloseObject fridge', 'expected a plan that takes, puts or looks'),
    ],
)
def test_a_reply_that_is_no_plan_is_told_why_and_asked_again(reply, why):
    model = Script(reply, 'PickupObject mug')
    assert planner_of(model).plan(REQUEST, KNOWN, ()).actions[-1].name == 'PickupObject'
    assert why in model.asked[1][-1]['content']
    with pytest.raises(PlanRejected, match=why):
        planner_of(Script(reply), tries=2).plan(REQUEST, KNOWN, ())


def test_it_keeps_the_promises_of_planners():
    history = run_episode(
        planner_of(Script('PickupObject mug')),
        HouseholdSimulator(make_home(MUG, APPLE), KNOWN),
        episode_of(MUG, APPLE),
        max_turns=1,
    ).turns
    check_planner(planner_of(Script('done')), [(REQUEST, KNOWN, ()), ('x', KNOWN, history)])


def test_a_domain_without_such_a_form_is_refused():
    config = LlmPlannerConfig(model='any.gguf')
    with pytest.raises(ConfigError, match='the domain tabletop has no form in which planner llm_'):
        make_planner(config, find_domain('tabletop'))


# --------------------------------------------------------------------------------------- over HTTP


class Played:
    """Shows a planner's questions to whoever answers for the model."""

    def __init__(self, planner, teacher):
        self.name, self.planner, self.teacher, self.reply = 'played', planner, teacher, ''

    def plan(self, request, known_graph, history):
        made = self.teacher.plan(request, known_graph, history)
        self.reply = FORM.make_dialect([]).render_reply(made, known_graph)
        return self.planner.plan(request, known_graph, history)

    def close(self):
        self.planner.close()


def drawn(seeds: range) -> list[Episode]:
    """Tasks in homes of any furniture, without those that have to be asked about."""
    recipe = DOMAIN.recipe_type()
    worlds = (DOMAIN.draw_world(s, DOMAIN.plan_world(recipe, s, False, {})) for s in seeds)
    return [task for world in worlds for task in world if task.ending == 'reported']


def test_a_model_that_knows_the_plan_does_every_task_over_http():
    played = Played(None, None)
    with TeacherServer(answer=lambda messages: f'Next plans:{played.reply}') as server:
        config = LlmPlannerConfig(endpoint=server.config(), embeddings=server.config())
        played.planner = make_planner(config, DOMAIN)
        tasks = drawn(range(4))
        assert len({task.task.kind for task in tasks}) > 6
        for task in tasks:
            played.teacher = DOMAIN.make_teacher(task.task)
            assert DOMAIN.play(played, task).outcome.success, task.task.request
        assert played.planner.is_remote
        assert played.planner.health.state == 'ready'
        played.close()
    embedded = [len(ask.body['input']) for ask in server.asks if 'input' in ask.body]
    assert embedded[0] == 30, 'the examples are embedded once'
    assert set(embedded[1:]) == {1}


def test_an_endpoint_that_is_down_is_an_error_of_the_planner():
    with TeacherServer() as server:
        config = LlmPlannerConfig(endpoint=server.config(patience_s=0.1, max_tries=1))
    planner = make_planner(config, DOMAIN)
    with pytest.raises(TeacherUnavailable):
        planner.plan(REQUEST, KNOWN, ())
    planner.close()


# --------------------------------------------------------------------------------------- on a file


@pytest.fixture(scope='module')
def gguf(tmp_path_factory) -> Path:
    """A model that knows nothing, with a tokenizer for such prompts."""
    dialect = FORM.make_dialect(FORM.examples)
    texts = [message['content'] for message in dialect.render_prompt(REQUEST, KNOWN, ())]
    path = tmp_path_factory.mktemp('models') / 'base.gguf'
    return write_gguf(path, train_tokenizer(texts, 700), tilt=3.0)


@pytest.fixture
def settings(gguf, tmp_path, monkeypatch):
    """Names settings for a file by the environment."""

    def name(**more) -> None:
        path = tmp_path / 'llm_planner.yaml'
        path.write_text(json.dumps({'model': str(gguf), 'threads': 1, **more}))
        monkeypatch.setenv(CONFIG_VARIABLE, str(path))

    return name


def test_a_model_in_a_file_says_plans_that_can_be_read(settings, tmp_path):
    taught = drawn(range(2))
    (tmp_path / 'rows.jsonl').write_text(render_rows(map(example_of, taught)))
    settings(bank=str(tmp_path / 'rows.jsonl'), examples=4, tries=1, domain='household')
    planner = make_llm_planner()
    try:
        refused: list[str] = []
        for task in taught[:4]:
            try:
                made = planner.plan(task.task.request, task.known_graph, ())
            except PlanRejected as error:  # it knows nothing, and keeps to the form
                refused.append(str(error))
            else:
                assert validate_plan(made, task.known_graph, DOMAIN.table).is_valid
        unread = ('expected steps', 'expected an object')
        assert [why for why in refused if any(said in why for said in unread)] == []
        assert planner.stats.new_tokens > 0
        assert planner.health.state == 'ready'
    finally:
        planner.close()


def test_where_the_context_is_short_fewer_examples_are_shown(gguf):
    model = LlamaCppModel(gguf, threads=1, context_tokens=2048)
    asked = []
    complete = model.complete
    model.complete = lambda messages, **more: (asked.append(messages), complete(messages, **more))[
        1
    ]
    with contextlib.suppress(PlanRejected):
        planner_of(model, examples=24, tries=1).plan(REQUEST, KNOWN, ())
    shown = [messages[1]['content'].count('Task: ') - 1 for messages in asked]
    assert shown[0] == 24
    assert shown[-1] < 24
    model.close()


def test_it_is_evaluated_by_its_name_and_the_report_says_what_it_is_shown(settings, gguf):
    settings(examples=2)
    facts = Candidate('llm_planner').describe()['llm_planner']
    assert (facts['model'], facts['examples'], facts['near_by']) == ('base.gguf', 2, 'tf-idf')
    open_for = Candidate('llm_planner').open(DOMAIN)
    planner = open_for(Task(REQUEST, 'cool'))
    assert isinstance(planner, LlmPlanner)
    planner.close()


def test_a_file_that_leaves_too_little_memory_is_refused(settings, monkeypatch):
    settings()
    monkeypatch.setattr(memory, 'available_bytes', lambda: 2**33)
    with pytest.raises(OutOfMemory, match='have to stay so'):
        find_planner_of(DOMAIN, 'llm_planner', (), 2**33)()


# ----------------------------------------------------------------------------------------- settings


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_each_shipped_config_can_be_read(path):
    config = read_config(path, LlmPlannerConfig)
    assert (config.domain, config.examples) == ('household', 9)
    assert config.describe()['model'] == config.endpoint.model


def test_without_settings_it_says_what_to_set():
    with pytest.raises(ConfigError, match=f'{CONFIG_VARIABLE} is not set; let it name a file'):
        make_llm_planner(DOMAIN)


@pytest.mark.parametrize(
    ('values', 'sentence'),
    [
        ({}, 'model, endpoint: expected one of them, got neither'),
        ({'model': 'm.gguf', 'examples': 0}, 'examples: expected 1 to 64, got 0'),
        ({'model': 'm.gguf', 'tries': 17}, 'tries: expected 1 to 16, got 17'),
    ],
)
def test_a_setting_out_of_its_range_is_refused_with_its_name(values, sentence):
    with pytest.raises(ConfigError, match=sentence):
        LlmPlannerConfig(**values)


# ------------------------------------------------------------------------------------------- SayCan


def test_saycan_runs_in_a_home_on_a_model_that_knows_nothing(gguf):
    model = LlamaCppModel(gguf, threads=1)
    wording = PlainWording(draw_examples(DOMAIN, 2))
    planner = SayCanPlanner(model, wording, DOMAIN.table, DOMAIN.affordances)
    task = episode_of(MUG, APPLE)
    run = run_episode(planner, DOMAIN.make_simulator(task), task, max_turns=4)
    assert run.ending in ('limit', 'reported', 'asked')
    steps = [action for action, seen in run.actions]
    assert steps
    assert all(seen.status == 'done' for _, seen in run.actions), 'only what can be done is done'
    check_planner(planner, [(REQUEST, task.known_graph, ()), (REQUEST, KNOWN, run.turns[:1])])
