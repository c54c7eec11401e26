# SPDX-License-Identifier: Apache-2.0
"""How far a reply is, seen from outside while a model in a child process writes it."""

from __future__ import annotations

import threading
import time

import pytest

from prism_core import PlannerError
from prism_core.episode.planner_progress import TAIL_CHARS, Progress, progress_of
from prism_core.inference.adapted import AdaptedModel
from prism_core.inference.child import engine_child

from .test_engine import make, say, wait_until  # noqa: F401 - a fixture

WORDS = ' '.join(f'word{number}' for number in range(12))


def watch(engine, text: str = 'hello') -> tuple[list[Progress], str]:
    """What is told while a reply is written, each state once, and the reply."""
    replies: list[str] = []
    call = threading.Thread(target=lambda: replies.append(engine.complete(say(text))))
    call.start()
    told: list[Progress] = []
    while call.is_alive():
        progress = engine.progress
        told += [progress] if not told or progress != told[-1] else []
        time.sleep(0.005)
    return told, replies[0]


def test_tokens_and_text_grow_while_a_reply_is_written_and_begin_anew_with_the_next(make):  # noqa: F811
    engine = make('Writes', text=WORDS, pause_s=0.03)
    assert engine.progress == Progress()
    engine.start()
    wait_until(lambda: engine.health.state == 'ready')
    for _ in range(2):
        told, reply = watch(engine)
        assert reply == WORDS
        while told and told[0].tokens:  # of the call before
            told.pop(0)
        numbers = [one.tokens for one in told]
        assert len(numbers) > 3
        assert numbers == sorted(set(numbers))
        assert all(WORDS.startswith(one.text) for one in told)
        assert [len(one.text.split()) for one in told] == numbers
        assert told[-1].tokens_per_second > 1


def test_of_a_long_reply_the_end_is_told_and_no_oftener_than_needed(make, monkeypatch):  # noqa: F811
    engine = make('Writes', text='x' * 600 + ' ' + 'y ' * 600, pause_s=0.0005)
    engine.start()
    wait_until(lambda: engine.health.state == 'ready')
    started_s = time.monotonic()
    told, _ = watch(engine)
    took_s = time.monotonic() - started_s
    assert all(len(one.text) <= TAIL_CHARS for one in told)
    assert len(told) <= took_s / engine_child.PROGRESS_EVERY_S + 2


def test_a_reply_that_is_given_up_is_told_of_no_more(make):  # noqa: F811
    engine = make('Writes', text=WORDS, pause_s=0.1)
    with pytest.raises(PlannerError, match='no time left'):
        engine.complete(say('hello'), timeout_s=1.0)
    left = engine.progress
    time.sleep(0.3)
    assert engine.progress == left


def test_a_model_that_tells_nothing_makes_no_progress(make):  # noqa: F811
    engine = make('Echo', slow_s=0.1)
    assert watch(engine)[0] == [Progress()]


def test_an_adapter_tells_what_its_base_tells_and_a_planner_of_others_what_it_has():
    class Base:
        name = 'base'
        progress = Progress(3, 'go', 0.5)

    class Breaks:
        @property
        def progress(self):
            raise ZeroDivisionError('a bug')

    assert AdaptedModel(Base(), 'depot').progress == Base.progress
    assert Base.progress.tokens_per_second == 6.0
    assert progress_of(Breaks()) == progress_of(object()) == Progress()
    assert Progress(5).tokens_per_second == 0.0
