# SPDX-License-Identifier: Apache-2.0
"""The page on teachers: its planners work as it says, SPINE's loop included."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import types
from pathlib import Path

import pytest

from prism_core import (
    Observation,
    Plan,
    PlannerUnavailable,
    PlanRejected,
    Turn,
    parse_scene_graph,
    render_plan,
)
from prism_core.dataset.protocol_check import check_teacher
from prism_core.domains.mapping import GRAPHS, make_symbolic_planner
from prism_core.domains.mapping.domain import MappingDomain
from prism_core.domains.mapping.generator import draw_episodes
from prism_core.domains.mapping.world import WorldConfig
from prism_core.episode.planner import run_episode

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / 'docs/teachers.md').read_text('utf-8')
DOMAIN = MappingDomain()
SYMBOLIC = make_symbolic_planner()
BLOCKS = re.findall(r'```python\n(.*?)```', PAGE, re.DOTALL)
FILES = {match[1]: code for code in BLOCKS if (match := re.match(r'# (\w+\.py)\n', code))}


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(map(str, (folder, ROOT)))
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=os.environ | {'PYTHONPATH': path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done


def test_the_planner_of_the_page_runs_by_its_commands_and_passes_the_check(tmp_path):
    for name, code in FILES.items():
        (tmp_path / name).write_text(code)
    (block,) = re.findall(r'```console\n(.*?)```', PAGE, re.DOTALL)
    outputs = []
    for line in block.splitlines():
        variable, prism, *words = shlex.split(line.removeprefix('$ '))
        assert (variable, prism) == ('PYTHONPATH=.', 'prism')
        outputs.append(run(tmp_path, '-m', 'prism_core.cli.main', *words).stdout)
    assert 'inspect(' in outputs[0]
    assert 'source: inspector' in outputs[0]
    assert (tmp_path / 'inspected.jsonl').stat().st_size > 5_000
    (check,) = [code for code in BLOCKS if code not in FILES.values()]
    run(tmp_path, '-c', check)


def test_the_settings_files_that_the_page_names_say_where_the_key_is_not_the_key():
    names = re.findall(r'\]\(\.\./(config/teacher/\w+\.yaml)\)', PAGE)
    assert len(names) == 4
    for name in names:
        text = (ROOT / name).read_text('utf-8')
        assert re.search(r'^key_variable: ', text, re.MULTILINE)
        assert 'sk-' not in text


# --------------------------------------------------------------------------------- SPINE's own loop


class Spine:
    """Stands in for SPINE's published class: it keeps its conversation and checks its replies.

    Its language model is the symbolic planner, which is told nothing but the messages: it follows
    the mission by importing them as a log.
    """

    model_works = True

    def __init__(self, graph: str, log: list):
        self.graph = graph
        self.base_request = ''
        self.msg_history: list[dict[str, str]] = []
        self._log = log

    def request(self, request: str):
        if not self.base_request:
            self.base_request = request
        else:
            self.msg_history.append({'role': 'user', 'content': request})
        prompt = f'{self.base_request}\nAdvice: \n- Think.\n\nScene graph:{self.graph}'
        messages = [{'role': 'user', 'content': prompt}, *self.msg_history]
        if not self.model_works:
            return {'msg': 'network dropout'}, False, []
        said = self.complete(messages)
        self.msg_history.append({'role': 'assistant', 'content': said})
        self._log[:] = [*messages, {'role': 'assistant', 'content': said}]
        try:
            data = json.loads(said)
        except ValueError as error:
            return {}, False, [str(error), said]
        # As SPINE does: the plan comes back cut into names and arguments.
        steps = re.findall(r'(\w+)\(([^()]*)\)', data['plan'])
        return data | {'plan': steps}, True, []

    def complete(self, messages) -> str:
        """The reply of the language model."""
        end = {'role': 'assistant', 'content': '{"plan": "[answer(x)]"}'}
        (one,) = DOMAIN.import_log(json.dumps([*messages, end]), 'told')
        assert one.episode is not None, one.reason
        graph, turns = one.episode.final_graph, one.episode.turns[:-1]
        plan = SYMBOLIC.plan(one.episode.task.request, graph, turns)
        return render_plan(plan)


class SpineOfNoJson(Spine):
    def complete(self, messages) -> str:
        return 'I would go and look.'


class SpineOfOddSteps(Spine):
    def complete(self, messages) -> str:
        return '{"plan": "[goto dock_1]"}'


class SpineOffline(Spine):
    model_works = False


@pytest.fixture(scope='module')
def adapter_class():
    module = types.ModuleType('spine_adapter')
    exec(FILES['spine_adapter.py'], module.__dict__)  # noqa: S102 - the page's own code
    return module.SpineAdapter


def some_tasks():
    config = WorldConfig(tier='core', hidden=0.3, tasks=2, kinds=('find', 'go_to', 'locate'))
    return [e for seed in range(50, 54) for e in draw_episodes(seed, config, DOMAIN.words)]


def test_the_wrapped_loop_plans_as_what_is_inside_it_would_and_its_log_can_be_imported(
    adapter_class,
):
    log: list = []
    adapter = adapter_class(lambda graph: Spine(graph, log))
    turns = 0
    for task in some_tasks():
        run_ = run_episode(adapter, DOMAIN.make_simulator(task), task)
        plain = run_episode(SYMBOLIC, DOMAIN.make_simulator(task), task)
        assert run_.ending == plain.ending == 'reported'
        assert [t.plan for t in run_.turns] == [t.plan for t in plain.turns]
        assert len([m for m in log if m['role'] == 'assistant']) == len(run_.turns)
        (one,) = DOMAIN.import_log(json.dumps(log), 'log')
        assert one.episode is not None, one.reason
        assert [t.plan for t in one.episode.turns] == [t.plan for t in run_.turns]
        turns += len(run_.turns)
    assert turns > 20


def test_the_wrapped_loop_keeps_the_promises_of_a_planner(adapter_class):
    check_teacher(adapter_class(lambda graph: Spine(graph, [])), DOMAIN, some_tasks()[:3])


def test_the_wrapped_loop_is_told_why_a_plan_was_refused(adapter_class):
    graph = parse_scene_graph((GRAPHS / 'depot.json').read_text('utf-8'))
    refused = Turn(Plan(()), (Observation(feedback='The plan is empty.', status='refused'),))
    spines: list = []

    def make(text: str) -> Spine:
        spines.append(Spine(text, []))
        return spines[-1]

    adapter_class(make).plan('Go to the field with the truck.', graph, (refused,))
    assert [m['content'] for m in spines[0].msg_history if m['role'] == 'user'] == [
        'Feedback: The plan is empty.'
    ]


@pytest.mark.parametrize(
    ('kind', 'error', 'words'),
    [
        (SpineOffline, PlannerUnavailable, 'cannot reach its model: network dropout'),
        (SpineOfNoJson, PlanRejected, 'accepts none of its plans: I would go and look'),
        (SpineOfOddSteps, PlanRejected, 'cannot be read: could not read the step'),
    ],
)
def test_what_goes_wrong_inside_is_an_error_of_the_planner(adapter_class, kind, error, words):
    task = some_tasks()[0]
    adapter = adapter_class(lambda graph: kind(graph, []))
    with pytest.raises(error, match=words):
        adapter.plan(task.task.request, task.known_graph, ())
