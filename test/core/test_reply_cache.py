# SPDX-License-Identifier: Apache-2.0
"""Replies that are kept: replayed without paying, counted, lost by no kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from prism_core import ConfigError, PlannerError, PlannerUnavailable
from prism_core.inference.endpoint.reply_cache import Reply, ReplyCache, make_key
from prism_core.inference.endpoint.spending import Spending
from prism_core.inference.endpoint.teacher_api import ApiModel

from .teacher_server import CANARY, KEY_VARIABLE, SERVED_MODEL, TeacherServer, at_index

SPENT = Spending(calls=1, prompt_tokens=10, cached_tokens=4, new_tokens=3, cost_usd=0.25)


@pytest.fixture(autouse=True)
def key_in_the_environment(monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, CANARY)


def serve(**options) -> TeacherServer:
    return TeacherServer(answer=lambda messages: f'heard {messages[-1]["content"]}', **options)


def say(text: str) -> list:
    return [{'role': 'user', 'content': text}]


def test_a_reply_is_there_when_the_file_is_opened_again(tmp_path):
    path = tmp_path / 'replies.sqlite'
    cache = ReplyCache(path)
    reply = Reply('ja – 好', '', 'm-1', SPENT)
    assert cache.get('k') is None
    assert cache.put('k', reply) == reply
    cache.add_lost(Spending(prompt_tokens=5, new_tokens=7, lost=1))
    cache.close()
    cache.close()
    again = ReplyCache(path)
    assert again.get('k') == reply
    assert again.spending == SPENT + Spending(prompt_tokens=5, new_tokens=7, lost=1)
    assert again.served_models == {'m-1'}
    assert isinstance(again.spending.prompt_tokens, int)
    again.close()


def test_the_first_reply_under_a_key_is_everyones_and_both_are_paid_for(tmp_path):
    cache = ReplyCache(tmp_path / 'replies.sqlite')
    first, second = Reply('one', '', 'm', SPENT), Reply('two', '', 'm', SPENT)
    assert cache.put('k', first) == first
    assert cache.put('k', second) == first
    assert cache.spending == SPENT + SPENT
    cache.close()


def test_whatever_may_change_a_reply_changes_the_key():
    request = {'model': 'm', 'messages': say('a'), 'schema': None, 'seed': 0}
    assert make_key(**request) == make_key(**dict(reversed(request.items())))
    others = [{'model': 'n'}, {'messages': say('b')}, {'schema': {}}, {'seed': 1}]
    assert len({make_key(**request | other) for other in [{}, *others]}) == 5


def test_a_file_that_is_no_cache_is_refused_with_its_name(tmp_path):
    path = tmp_path / 'notes.txt'
    path.write_text('no database ' * 100)
    with pytest.raises(ConfigError, match=r'notes\.txt cannot be used as a cache of replies'):
        ReplyCache(path)


def test_a_reply_that_cannot_be_stored_stops_the_run_with_one_sentence(tmp_path):
    cache = ReplyCache(tmp_path / 'replies.sqlite')
    with serve() as server:
        model = ApiModel(server.config(), cache=cache)
        model.complete(say('one'))
        cache.close()
        with pytest.raises(PlannerUnavailable, match=r'replies\.sqlite cannot be used: .*resume'):
            model.complete(say('two'))
        model.close()


def test_a_run_that_is_done_again_asks_nothing_and_its_cap_goes_on(tmp_path):
    path = tmp_path / 'replies.sqlite'
    with serve(fault=at_index({1: 'refusal'})) as server:
        for _ in range(2):
            cache = ReplyCache(path)
            model = ApiModel(server.config(max_in_flight=1), cache=cache)
            assert model.complete(say('one')) == 'heard one'
            with pytest.raises(PlannerError, match='the model refused'):
                model.complete(say('two'))
            assert len(server.asks) == 2
            assert (model.spending.tokens, model.spending.calls) == (server.tokens, 2)
            assert model.served_models == {SERVED_MODEL}
            model.close()
            cache.close()
        cache = ReplyCache(path)
        model = ApiModel(server.config(max_tokens=server.tokens + 10), cache=cache)
        assert model.complete(say('one')) == 'heard one'
        with pytest.raises(PlannerUnavailable, match='the cap of'):
            model.complete(say('three'), max_new_tokens=20)
        model.close()
        cache.close()
    assert len(server.asks) == 2
    for file in tmp_path.iterdir():
        assert CANARY.encode() not in file.read_bytes()


def test_what_was_lost_counts_when_the_run_goes_on(tmp_path):
    path = tmp_path / 'replies.sqlite'
    with serve(fault=at_index({0: 'cut'})) as server:
        cache = ReplyCache(path)
        model = ApiModel(server.config(), cache=cache)
        model.complete(say('one'), max_new_tokens=100)
        model.close()
        cache.close()
    again = ReplyCache(path)
    assert again.spending == model.spending
    assert again.spending.lost == 1
    assert again.spending.new_tokens > 100
    again.close()


def test_threads_that_share_a_cache_do_not_hinder_each_other(tmp_path):
    cache = ReplyCache(tmp_path / 'replies.sqlite')
    with serve() as server, ThreadPoolExecutor(16) as pool:
        model = ApiModel(server.config(), cache=cache)
        texts = [f'{n % 40}' for n in range(160)]
        assert list(pool.map(lambda t: model.complete(say(t)), texts)) == [
            f'heard {text}' for text in texts
        ]
        model.close()
        assert cache.spending.tokens == server.tokens
    cache.close()


_ASKER = """
import sys
from prism_core.inference.endpoint.reply_cache import ReplyCache
from prism_core.inference.endpoint.teacher_api import ApiModel
from prism_core.inference.endpoint.teacher_config import TeacherConfig
from pathlib import Path
path, url = sys.argv[1:]
config = TeacherConfig('teacher-1', url, key_variable='')
model = ApiModel(config, cache=ReplyCache(Path(path)))
for number in range(10_000):
    model.complete([{'role': 'user', 'content': f'number {number}'}])
    print(number, flush=True)
"""


def test_a_kill_loses_no_reply_that_was_used(tmp_path):
    path = tmp_path / 'replies.sqlite'
    with serve() as server:
        process = subprocess.Popen(
            [sys.executable, '-c', _ASKER, str(path), server.url],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
            env=os.environ | {'PYTHONPATH': '.'},
        )
        killer = threading.Timer(30, process.kill)
        killer.start()
        assert process.stdout is not None
        used = -1
        for line in process.stdout:
            used = int(line)
            if used == 15:
                process.send_signal(signal.SIGKILL)
        process.wait()
        killer.cancel()
        asked = len(server.asks)
        cache = ReplyCache(path)
        model = ApiModel(server.config(key_variable=''), cache=cache)
        assert used >= 15
        for number in range(used + 1):
            assert model.complete(say(f'number {number}')) == f'heard number {number}'
        assert len(server.asks) == asked
        model.close()
        cache.close()
