# SPDX-License-Identifier: Apache-2.0
"""JSON and YAML of users: a key that comes twice is an error with its place, a byte order mark is
passed over, wherever such a file is read.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from prism_core.cli.main import prism
from prism_core.config_file import load_yaml, read_config
from prism_core.dataset.episode_json import parse_episode, read_episodes, render_episode
from prism_core.dialects.chat_records import read_records
from prism_core.dialects.conversation import Message
from prism_core.domains.mapping import GRAPHS, MAPPING_ACTIONS
from prism_core.domains.mapping.importing.missions import read_missions
from prism_core.errors import ConfigError, PlanParseError, SceneGraphError
from prism_core.evaluation.file_suite import read_file_suite
from prism_core.graph.spine_json import parse_scene_graph
from prism_core.graph.update_text import parse_update
from prism_core.inference.endpoint.teacher_config import TeacherConfig
from prism_core.json_text import DoubledKey, check_json, decode_json, load_json
from prism_core.plan.plan import parse_plan

MARK = '\ufeff'
ROOT = Path(__file__).parents[2]
EPISODES = (ROOT / 'docs' / 'episodes.jsonl').read_text('utf-8')


@pytest.mark.parametrize(
    ('text', 'sentence'),
    [
        ('{"a": 1, "a": 2}', 'got "a" twice, at line 1 column 2 and line 1 column 10; keep one'),
        (
            '{"b": [0, {"a": 1,\n "a": {}}]}',
            'got "a" twice in b[1], at line 1 column 12 and line 2',
        ),
        ('[[], [{"c": {"a": 1, "\\u0061": 2}}]]', 'got "a" twice in [1][0].c, at'),
        ('{"a": "{\\"x\\": 1,", "x": "a", "b": ["a", "a"], "a" : 2}', 'got "a" twice, at line 1'),
        ('{"": 1, "": 2}', 'got "" twice, at'),
    ],
)
def test_a_key_twice_in_an_object_is_an_error_with_both_places(text, sentence):
    with pytest.raises(DoubledKey, match=re.escape(sentence)):
        load_json(text)
    with pytest.raises(DoubledKey, match=re.escape(sentence)):
        check_json(text)
    with pytest.raises(DoubledKey, match=r'line \d'):
        decode_json('said: ' + text, 6)


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES, st.booleans())
def test_any_value_is_read_as_the_standard_reader_does(value, is_ascii):
    text = json.dumps(value, ensure_ascii=is_ascii)
    assert load_json(text) == load_json(MARK + text) == json.loads(text)
    assert check_json(MARK + text) == text
    assert decode_json(text + ' ', 0) == (json.loads(text), len(text))


@given(st.dictionaries(st.text(), VALUES, min_size=1), st.data())
def test_a_key_that_comes_twice_is_found_in_any_object(value, data):
    key = data.draw(st.sampled_from(sorted(value)))
    entries = [f'{json.dumps(k)}: {json.dumps(v)}' for k, v in value.items()]
    entries.append(f'{json.dumps(key)}: 0')
    with pytest.raises(DoubledKey, match=re.escape(f'got {json.dumps(key)} twice in [1].in, at')):
        load_json(f'[0, {{"in": {{{", ".join(entries)}}}}}]')


def test_a_graph_with_its_regions_twice_is_refused():
    text = '{"regions": [{"name": "a", "coords": [0, 0]}],\n "objects": [],\n "regions": []}'
    with pytest.raises(SceneGraphError, match='got "regions" twice, at line 1 column 2 and line 3'):
        parse_scene_graph(text)


def test_a_graph_behind_a_byte_order_mark_is_read():
    text = (GRAPHS / 'depot.json').read_text('utf-8')
    assert parse_scene_graph(MARK + text) == parse_scene_graph(text)


def test_the_command_line_reads_a_graph_and_a_plan_behind_a_byte_order_mark(tmp_path):
    graph, plan = tmp_path / 'site.json', tmp_path / 'plan.json'
    graph.write_text((GRAPHS / 'depot.json').read_text('utf-8'), 'utf-8-sig')
    plan.write_text('{"plan": "[goto(warehouse_1)]"}', 'utf-8-sig')
    result = CliRunner().invoke(prism, ['show', str(graph), '--plan', str(plan)])
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize('around', ['{}', '```json\n{}\n```', 'so: {{"x": 1}} {}'])
def test_a_plan_with_a_key_twice_is_no_plan(around):
    text = '{"plan": "[goto(a)]", "reasoning": "", "plan": "[goto(b)]"}'
    with pytest.raises(PlanParseError, match='got "plan" twice, at line'):
        parse_plan(around.format(text), MAPPING_ACTIONS)


def test_an_update_with_a_key_twice_is_refused():
    with pytest.raises(SceneGraphError, match=r'got "name" twice in \[0\], at line 1 column 13'):
        parse_update(
            'add_nodes([{"name": "a", "name": "b", "type": "region", "coords": [0, 0]}])', {}
        )


def test_a_record_of_a_log_with_a_key_twice_has_a_fault_and_the_next_one_is_read():
    good = '{"messages": [{"role": "user", "content": "go"}]}'
    log = f'{{"messages": [{{"role": "user", "role": "system", "content": "x"}}]}}\n{good}\n'
    bad, read = read_records(log)
    assert (bad.line, bad.messages) == (1, ())
    assert 'got "role" twice in messages[0], at line 1' in bad.fault
    assert (read.line, read.fault, len(read.messages)) == (2, '', 1)


def test_a_graph_as_python_prints_it_with_a_key_twice_is_a_fault_of_the_log():
    graph = "{'regions': [{'name': 'a', 'coords': [0, 0]}], 'regions': []}"
    task: Message = {'role': 'user', 'content': f'task: go\nAdvice: x\nScene graph:{graph}'}
    (mission,) = read_missions([task], MAPPING_ACTIONS)
    assert mission.fault == "no scene graph: expected each key once, got 'regions' twice"


def test_an_episode_with_a_key_twice_is_refused_with_its_line():
    first, second = EPISODES.splitlines()[:2]
    doubled = second.replace('"task":{', '"task":{"request":"go",', 1)
    sentence = r'line 2: not an episode: .*got "request" twice in task'
    with pytest.raises(ConfigError, match=sentence):
        list(read_episodes([first, doubled]))


def test_episodes_behind_a_byte_order_mark_are_read(tmp_path):
    line = EPISODES.splitlines()[0]
    assert parse_episode(MARK + line) == parse_episode(line)
    path = tmp_path / 'tasks.jsonl'
    path.write_text(render_episode(parse_episode(line)) + '\n', 'utf-8-sig')
    assert read_file_suite(path).worlds == 1


def test_a_suite_with_a_key_twice_is_refused_and_one_behind_a_byte_order_mark_read(tmp_path):
    path = tmp_path / 'suite.json'
    text = (ROOT / 'config' / 'evaluate' / 'depot.json').read_text('utf-8')
    path.write_text(text, 'utf-8-sig')
    assert read_file_suite(path).worlds
    path.write_text(text.replace('"tasks"', '"tasks": [], "tasks"', 1), 'utf-8')
    with pytest.raises(ConfigError, match=r'suite.json: expected .* got "tasks" twice, at'):
        read_file_suite(path)


@pytest.mark.parametrize(
    ('text', 'sentence'),
    [
        ('model: a\nurl: b\nmodel: c\n', "got 'model' twice, at line 1 column 1 and line 3"),
        ('price: {input: 1, input: 2}\n', "got 'input' twice, at line 1 column 9 and line 1"),
    ],
)
def test_settings_with_a_key_twice_are_refused(tmp_path, text, sentence):
    path = tmp_path / 'teacher.yaml'
    path.write_text(text, 'utf-8')
    with pytest.raises(ConfigError, match=f'teacher.yaml: expected each setting once, {sentence}'):
        read_config(path, TeacherConfig)


@pytest.mark.parametrize('text', ['model: ' + '[' * 5_000, 'model: &a [*a]\n'])
def test_settings_without_a_bottom_are_refused(tmp_path, text):
    path = tmp_path / 'teacher.yaml'
    path.write_text(text, 'utf-8')
    with pytest.raises(
        ConfigError, match=r'teacher\.yaml: .*(nested too deeply|`str`, got `array`)'
    ):
        read_config(path, TeacherConfig)


def test_yaml_may_merge_a_mapping_and_change_some_of_it():
    text = 'base: &base {a: 1, b: 2}\nother: {<<: *base, b: 3}\nthird: {<<: *base, a: 4}\n'
    assert load_yaml(text)['other'] == {'a': 1, 'b': 3}
    assert load_yaml(text)['third'] == {'a': 4, 'b': 2}
