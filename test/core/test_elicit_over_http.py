# SPDX-License-Identifier: Apache-2.0
"""A language model as teacher, from the command line to the dataset, over HTTP that fails."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from prism_core.dataset import produce
from prism_core.dataset.episode_json import read_episodes
from prism_core.dataset.export import export_dataset
from prism_core.dataset.filter import find_fault
from prism_core.dataset.produce import SynthesisRecipe
from prism_core.domain import find_domain
from prism_core.inference.endpoint.reply_cache import make_key

from .prism_runs import (
    call_prism,
    files_with,
    finish_prism,
    interrupt_service,
    kill_after,
    sorted_lines,
    start_prism,
    wait_until,
    write_settings,
)
from .teacher_server import (
    CANARY,
    ENDING_FAULTS,
    HTTP_FAULTS,
    KEY_VARIABLE,
    REPLY_FAULTS,
    Ask,
    TeacherServer,
    at_rate,
)

WORLDS = 9
IN_FLIGHT = 8
PASSING = at_rate(0.2, HTTP_FAULTS, seed=1)
LASTING = at_rate(0.2, (*REPLY_FAULTS, *ENDING_FAULTS), seed=2)
"""Faults of the model, a function of the prompt; those of the endpoint change nothing."""


def everything(ask: Ask) -> str:
    return PASSING(ask) or LASTING(ask)


def make_tasks(folder: Path, worlds: int) -> Path:
    recipe = SynthesisRecipe(worlds={'worlds': worlds, 'seed': 3})
    produce.synthesize(folder, recipe, settings=produce.Settings(workers=1))
    return folder


@pytest.fixture(scope='module')
def tasks(tmp_path_factory) -> Path:
    """A folder with some 60 tasks."""
    return make_tasks(tmp_path_factory.mktemp('synthesis') / 'tasks', WORLDS)


@pytest.fixture(scope='module')
def undisturbed(tasks, tmp_path_factory) -> list[bytes]:
    """What comes of the tasks where no fault passes and none is the endpoint's."""
    folder = tmp_path_factory.mktemp('undisturbed')
    with pytest.MonkeyPatch.context() as patch, TeacherServer(fault=LASTING) as server:
        patch.setenv(KEY_VARIABLE, CANARY)
        assert elicit(server, tasks, folder / 'out') == 0
    return sorted_lines(folder / 'out' / 'episodes.jsonl')


@pytest.fixture
def key_in_the_environment(monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, CANARY)


def arguments(server: TeacherServer, tasks: Path, out: Path, *options, **settings) -> list:
    config = write_settings(
        out.with_suffix('.yaml'), server, **{'max_in_flight': IN_FLIGHT, **settings}
    )
    return [
        *('elicit', tasks, '--out', out, '--teacher', 'lm', '--teacher-config', config),
        *('--no-report', *options),
    ]


def elicit(server: TeacherServer, tasks: Path, out: Path, *options, **settings) -> int:
    """Run the command here; its exit status."""
    return call_prism(*arguments(server, tasks, out, *options, **settings))


def ids_of(path: Path) -> list[str]:
    with path.open(encoding='utf-8') as lines:
        return [episode.provenance['id'] for episode in read_episodes(lines)]


def read_out(out: Path) -> list:
    with (out / 'episodes.jsonl').open(encoding='utf-8') as lines:
        return list(read_episodes(lines))


# ---------------------------------------------------------------------------- faults of all kinds


def check_run(tasks: Path, out: Path, server: TeacherServer) -> None:
    """Nothing is lost or double, and what is no good is kept apart."""
    episodes = read_out(out)
    assert sorted(e.provenance['id'] for e in episodes) == sorted(ids_of(tasks / 'tasks.jsonl'))
    good = [episode for episode in episodes if not find_fault(episode)]
    failed = [episode for episode in episodes if find_fault(episode)]
    assert len(good) > 0.6 * len(episodes)
    assert all(episode.outcome.success and episode.turns for episode in good)
    assert all(episode.error or episode.outcome.reason for episode in failed)
    assert server.max_in_flight <= IN_FLIGHT
    assert files_with(out, CANARY) == []
    said = {reply['reply'] for e in episodes for reply in e.provenance.get('rejected', ())}
    assert {'{"answer": 42}', '{"plan": "[goto(atlantis_1)]"}'} <= said
    assert any('reason' in reply for e in good for reply in e.provenance.get('rejected', ()))


@pytest.mark.timeout(60)
def test_faults_of_all_kinds_lose_nothing_and_double_nothing(tasks, undisturbed, tmp_path):
    out = tmp_path / 'out'
    with TeacherServer(fault=everything, refuses=['json_schema']) as server:
        pause = interrupt_service(server, 60, 0.5)
        said = finish_prism(
            start_prism(*arguments(server, tasks, out, timeout_s=2.0, patience_s=30.0))
        )
        pause.join()
    check_run(tasks, out, server)
    assert sorted_lines(out / 'episodes.jsonl') == undisturbed
    assert f'of {len(undisturbed)} episodes are good' in said
    passing = ('the endpoint refused a field', 'is down, waiting for it', 'answers again')
    for sentence in (*passing, ' tokens, ', ' retries'):
        assert sentence in said
    for form in ('chat', 'turns', 'sharegpt'):
        rows = export_dataset(out, tmp_path / form, form, find_domain('mapping'), 'spine').rows
        assert sum(rows.values()) > 20
        for reply in ('atlantis_1', 'I would drive to the shed', '"answer": 42'):
            assert files_with(tmp_path / form, reply) == []


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_thousand_tasks_outlive_faults_of_all_kinds(tmp_path):
    tasks, out = make_tasks(tmp_path / 'tasks', 150), tmp_path / 'out'
    with TeacherServer(fault=everything, refuses=['json_schema']) as server:
        pause = interrupt_service(server, 500, 2.0)
        finish_prism(start_prism(*arguments(server, tasks, out, timeout_s=3.0, patience_s=120.0)))
        pause.join()
    check_run(tasks, out, server)
    assert len(read_out(out)) > 1000
    assert set(server.faults) == {*HTTP_FAULTS, *REPLY_FAULTS, *ENDING_FAULTS}


# ----------------------------------------------------------------------------------------- kill -9


def key_of(ask: Ask, server: TeacherServer) -> str:
    """Under which key the reply to a request is kept."""
    body = ask.body
    return make_key(
        model=body['model'],
        base_url=server.url,
        temperature=body['temperature'],
        messages=ask.messages,
        schema=body['response_format']['json_schema']['schema'],
        max_new_tokens=body['max_tokens'],
        seed=body['seed'],
    )


def stored_keys(out: Path) -> set[str]:
    with closing(sqlite3.connect(out / 'replies.sqlite')) as database:
        return {key for (key,) in database.execute('SELECT key FROM calls WHERE key <> ""')}


@pytest.mark.timeout(60)
def test_after_kill_9_no_finished_call_is_made_again(tasks, undisturbed, tmp_path):
    out = tmp_path / 'out'
    with TeacherServer(fault=LASTING, slow_s=0.02) as server:
        command = arguments(server, tasks, out)
        kill_after(start_prism(*command), server, 50)
        stored, before = stored_keys(out), len(server.asks)
        assert 50 - 2 * IN_FLIGHT < len(stored) <= len({key_of(ask, server) for ask in server.asks})
        finish_prism(start_prism(*command, '--resume'))
        asked = {key_of(ask, server) for ask in server.asks[before:]}
    assert 1 < server.max_in_flight <= IN_FLIGHT
    assert asked
    assert not asked & stored
    assert stored_keys(out) == asked | stored
    assert sorted_lines(out / 'episodes.jsonl') == undisturbed


# -------------------------------------------------------------------- an endpoint that says nothing


@pytest.mark.usefixtures('key_in_the_environment')
def test_an_endpoint_that_hangs_for_a_while_fails_no_task(tasks, undisturbed, tmp_path):
    def hang(ask: Ask) -> str:
        return 'stall' if 20 <= ask.index < 28 else LASTING(ask)

    out = tmp_path / 'out'
    with TeacherServer(fault=hang) as server:
        impatient = {'max_in_flight': 3, 'timeout_s': 0.2, 'max_tries': 2}
        assert elicit(server, tasks, out, **impatient) == 0
    assert server.faults['stall'] == 8
    assert sorted_lines(out / 'episodes.jsonl') == undisturbed


@pytest.mark.timeout(60)
def test_an_interrupt_does_not_wait_for_replies(tasks, undisturbed, tmp_path):
    out = tmp_path / 'out'
    with TeacherServer(fault=lambda ask: 'stall' if ask.index > 30 else LASTING(ask)) as server:
        command = arguments(server, tasks, out, timeout_s=300.0)
        process = start_prism(*command)
        wait_until(lambda: server.faults['stall'] >= IN_FLIGHT)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        assert process.returncode == 1
        server.fault = LASTING
        finish_prism(start_prism(*command, '--resume'))
    assert sorted_lines(out / 'episodes.jsonl') == undisturbed


# -------------------------------------------------------------------------------------------- caps


PRICES = {'usd_per_million_prompt_tokens': 2.0, 'usd_per_million_new_tokens': 8.0}


@pytest.mark.usefixtures('key_in_the_environment')
@pytest.mark.parametrize(
    ('cap', 'higher', 'sentence'),
    [
        ({'max_tokens': 200_000}, {'max_tokens': 0}, 'the cap of 200000 tokens is reached'),
        ({'max_cost_usd': 0.3}, {'max_cost_usd': 9.0}, 'the cap of 0.3 USD is reached'),
    ],
)
def test_a_run_stops_at_its_cap_and_goes_on_under_a_higher_one(
    tasks, undisturbed, tmp_path, capfd, cap, higher, sentence
):
    out = tmp_path / 'out'
    with TeacherServer(fault=LASTING) as server:
        assert elicit(server, tasks, out, **PRICES, **cap) == 1
        assert cost_of(server) <= 0.3 if 'max_cost_usd' in cap else server.tokens <= 200_000
        said = capfd.readouterr().err
        assert said.count('Error: ') == said.count(sentence) == 1
        assert 'Traceback' not in said
        kept = sorted_lines(out / 'episodes.jsonl')
        assert 5 < len(kept) < len(undisturbed) - 5
        assert elicit(server, tasks, out, '--resume', **PRICES, **higher) == 0
    assert set(kept) < set(undisturbed)
    assert sorted_lines(out / 'episodes.jsonl') == undisturbed


def cost_of(server: TeacherServer) -> float:
    """What the answered requests cost."""
    return (
        (server.tokens - server.new_tokens) * PRICES['usd_per_million_prompt_tokens']
        + server.new_tokens * PRICES['usd_per_million_new_tokens']
    ) / 1e6


# -------------------------------------------------------------------------- what cannot be reached


@pytest.mark.parametrize(
    ('key', 'settings', 'sentence', 'requests'),
    [
        ('sk-wrong-8127', {}, 'refused the key in the environment variable PRISM_TEST_KEY', 8),
        ('', {}, 'the environment variable PRISM_TEST_KEY holds no key', 0),
        (CANARY, {'model': 'nobody'}, "no model 'nobody'; it lists teacher-1, teacher-2", 8),
    ],
)
def test_what_cannot_work_fails_at_once_with_one_sentence_and_writes_no_episode(
    tasks, tmp_path, monkeypatch, capfd, key, settings, sentence, requests
):
    monkeypatch.setenv(KEY_VARIABLE, key)
    out = tmp_path / 'out'
    with TeacherServer() as server:
        assert elicit(server, tasks, out, **settings) == 1
    stdout, said = capfd.readouterr()
    assert stdout == ''
    assert said.count('Error: ') == said.count(sentence) == 1
    assert 'Traceback' not in said
    assert len(server.asks) <= requests  # those that were under way together
    assert server.tokens == 0
    written = {path.name for path in out.iterdir() if path.stat().st_size}
    assert written == {'recipe.yaml', 'replies.sqlite'}
    assert stored_keys(out) == set()
    for secret in {key, CANARY} - {''}:
        assert secret not in said
        assert files_with(tmp_path, secret) == []
