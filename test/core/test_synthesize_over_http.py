# SPDX-License-Identifier: Apache-2.0
"""Worlds and wordings by a language model, from the command line, over HTTP that fails."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import msgspec
import pytest

from prism_core import Message
from prism_core.dataset.episode_json import read_episodes
from prism_core.dataset.run_folder import read_progress
from prism_core.domains.mapping.free_wording import load_free_requests
from prism_core.domains.mapping.writing.schema import Wordings, WrittenMeaning, WrittenTask
from prism_core.episode.episode import Episode

from .mapping_worlds import taught
from .prism_runs import (
    call_prism,
    files_with,
    finish_prism,
    kill_after,
    sorted_lines,
    start_prism,
    write_settings,
)
from .teacher_server import (
    CANARY,
    HTTP_FAULTS,
    KEY_VARIABLE,
    REPLY_FAULTS,
    Ask,
    TeacherServer,
    at_rate,
)
from .written_worlds import VAGUE, meaning_of, reply, written_world

PASSING = at_rate(0.2, HTTP_FAULTS, seed=1)
LASTING = at_rate(0.2, (*REPLY_FAULTS, 'refusal', 'empty'), seed=2)
HELD_OUT = {f.request: f.intent for f in load_free_requests() if f.intent.kind == 'survey'}
MEANINGS: dict[str, WrittenMeaning] = {s: meaning_of(i) for s, i in HELD_OUT.items()}
"""What a sentence means to the model."""


def everything(ask: Ask) -> str:
    return PASSING(ask) or LASTING(ask)


def number_of(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)


def answer_as_writer(messages: Sequence[Message]) -> str:
    """What a model says that is asked for a place, a world, wordings or a meaning; a function of
    the first message.
    """
    asked = messages[0]['content']
    if asked.startswith('Imagine a place'):
        return f'A quiet place with the number {number_of(asked)}.'
    if asked.startswith('You write a world'):
        return reply(make_world(number_of(asked) % 1000))
    sentence = asked.partition('The request: ')[2]
    if asked.startswith('Say what a request'):
        return reply(MEANINGS.get(sentence, VAGUE))
    return reply(Wordings(make_wordings(sentence)))


@cache
def make_world(number: int):
    """A world with a task that training must not show."""
    world = written_world(number)
    sentence = sorted(HELD_OUT)[number % len(HELD_OUT)]
    held_out = WrittenTask(**msgspec.structs.asdict(MEANINGS[sentence]), sentence=sentence)
    return msgspec.structs.replace(world, tasks=[held_out, *world.tasks[:5]])


def make_wordings(sentence: str) -> list[str]:
    plain = sentence.rstrip('.?!')
    held_out = sorted(HELD_OUT)[number_of(sentence) % len(HELD_OUT)]
    return [f'{plain}, please.', held_out, f'Robot, {plain[0].lower()}{plain[1:]}!']


OPTIONS = {'written': ('--writer', 'lm'), 'paraphrased': ('--paraphrase', '0.7')}


def arguments(how: str, server: TeacherServer, out: Path) -> list:
    config = write_settings(out.with_suffix('.yaml'), server, timeout_s=1.0, max_in_flight=4)
    recipe = out.with_suffix('.recipe.yaml')
    kinds = '' if how == 'written' else ', kinds: [survey, attribute, count, go_to]'
    recipe.write_text(f'worlds: {{worlds: 10, seed: 4{kinds}}}', 'utf-8')
    return [
        *('synthesize', '--recipe', recipe, '--out', out, '--teacher-config', config),
        *OPTIONS[how],
    ]


def read_tasks(out: Path) -> list[Episode]:
    with (out / 'tasks.jsonl').open(encoding='utf-8') as lines:
        return list(read_episodes(lines))


@pytest.fixture(scope='module', params=list(OPTIONS))
def made(request, tmp_path_factory) -> tuple[str, Path]:
    """What a model writes whose endpoint never fails."""
    out = tmp_path_factory.mktemp(request.param) / 'out'
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(KEY_VARIABLE, CANARY)
        with TeacherServer(answer=answer_as_writer, fault=LASTING) as server:
            assert call_prism(*arguments(request.param, server, out)) == 0
    return request.param, out


def test_what_a_model_writes_is_proven_and_what_is_wrong_with_it_is_counted(made):
    how, out = made
    tasks = read_tasks(out)
    by_model = [task for task in tasks if task.provenance['wording'] == how]
    assert len(by_model) > 20
    assert len({task.provenance['id'] for task in tasks}) == len(tasks)
    for task in tasks:
        assert taught(task).outcome.success, task.task
    rejections: Counter[str] = Counter()
    for record in read_progress(out):
        rejections.update(record['facts']['rejections'])
    assert rejections['wording: held out'] > 0
    assert {reason for reason in rejections if 'no reply' in reason or 'form' in reason}
    report = json.loads((out / 'report.json').read_text('utf-8'))
    assert report['tallies']['rejections'] == rejections


def test_wording_that_is_held_out_is_never_in_the_output(made):
    _, out = made
    said = {task.task.request for task in read_tasks(out)}
    assert not said & HELD_OUT.keys()
    for request in HELD_OUT:
        assert files_with(out, json.dumps(request)[1:-1]) in ([], [str(out / 'replies.sqlite')])


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_after_kill_9_under_faults_the_same_is_written(made, tmp_path):
    how, undisturbed = made
    out = tmp_path / 'out'
    with TeacherServer(answer=answer_as_writer, fault=everything, slow_s=0.05) as server:
        command = [*arguments(how, server, out), '--no-report']
        kill_after(start_prism(*command), server, 16)
        before = len(read_tasks(out)) if (out / 'tasks.jsonl').exists() else 0
        said = finish_prism(start_prism(*command, '--resume'))
    assert before < len(read_tasks(out))
    assert f'{len(read_tasks(out))} tasks in 10 worlds' in said
    assert ' good' not in said
    assert sorted_lines(out / 'tasks.jsonl') == sorted_lines(undisturbed / 'tasks.jsonl')
    assert server.max_in_flight <= 4
    assert set(server.faults) & set(HTTP_FAULTS)
    assert files_with(tmp_path, CANARY) == []
