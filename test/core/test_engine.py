# SPDX-License-Identifier: Apache-2.0
"""EngineModel: real child processes that crash, hang, stop, babble and eat memory."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from prism_core import (
    ConfigError,
    EngineLost,
    JsonSchema,
    ModelNotLoaded,
    OutOfMemory,
    PlannerError,
    PlannerTimeout,
    PlannerUnavailable,
)
from prism_core.episode.planner_health import PlannerHealth
from prism_core.errors import PromptTooLong
from prism_core.inference.child import engine_child, engine_process, memory
from prism_core.inference.child.engine import EngineConfig, EngineModel

from . import engine_models

WAIT_S = 10.0


def say(text: str) -> list[dict[str, str]]:
    return [{'role': 'user', 'content': text}]


def wait_until(is_done, wait_s: float = WAIT_S) -> None:
    end_s = time.monotonic() + wait_s
    while not is_done():
        assert time.monotonic() < end_s, f'waited {wait_s} s in vain'
        time.sleep(0.01)


def came_back(engine: EngineModel) -> bool:
    """Whether a child was lost and another one is ready."""
    return engine.health.losses > 0 and engine.health.state == 'ready'


def is_alive(pid: int) -> bool:
    try:
        state = Path(f'/proc/{pid}/stat').read_text().rpartition(') ')[2][0]
    except OSError:
        return False
    return state != 'Z'


@pytest.fixture
def make(monkeypatch):
    monkeypatch.syspath_prepend(engine_models.FOLDER)
    monkeypatch.setenv('PYTHONPATH', engine_models.FOLDER)
    engines = []

    def make_engine(model: str, *, is_function: bool = False, **settings) -> EngineModel:
        limits = {k: settings.pop(k) for k in list(settings) if k in EngineConfig.__annotations__}
        impatient = {'first_pause_s': 0.05, 'grace_s': 0.3, 'timeout_s': WAIT_S}
        config = EngineConfig(f'{engine_models.HERE}:{model}', settings, **(impatient | limits))
        engines.append(EngineModel(config))
        return engines[-1]

    yield make_engine
    for engine in engines:
        engine.close()


def test_a_reply_comes_from_another_process_with_all_that_was_asked(make):
    engine = make('Echo')
    assert engine.health.state == 'stopped'
    schema = JsonSchema('plan', {'type': 'object'})
    said = engine.complete(
        say('é\ud83d\ude00'.encode('utf-16', 'surrogatepass').decode('utf-16')),
        grammar=schema,
        max_new_tokens=7,
        seed=3,
    )
    text, grammar, limit, seed, pid, parent = said.split('|')
    assert (text, grammar, limit, seed) == ('é😀', str(schema), '7', '3')
    assert int(pid) == engine.health.pid != os.getpid() == int(parent)
    assert engine.health.state == 'ready'
    assert engine.stats == {'prompt_tokens': 1}
    assert engine.complete(say('again')).startswith('again|None|1024|0|' + pid)
    assert engine.stats == {'prompt_tokens': 2}


def test_an_engine_can_be_started_before_it_is_needed(make):
    engine = make('Echo')
    engine.start()
    engine.start()
    wait_until(lambda: engine.health.state == 'ready')
    assert engine.health.losses == 0


@pytest.mark.parametrize(
    ('order', 'kind', 'sentence'),
    [
        ('exit 5', EngineLost, 'the engine was lost: it ended with status 5: the last words'),
        ('segfault', EngineLost, 'the engine was lost: it ended with signal SIGSEGV'),
        ('eat', OutOfMemory, 'MemoryError'),
        ('raise', EngineLost, 'ZeroDivisionError: a bug'),
        ('babble', EngineLost, 'the engine was lost: it sent what is no reply'),
    ],
)
def test_a_model_that_breaks_costs_one_call_and_comes_back(make, order, kind, sentence):
    engine = make('Obeys')
    with pytest.raises(kind, match=sentence):
        engine.complete(say(order))
    wait_until(lambda: came_back(engine))
    assert (engine.health.losses, bool(engine.health.last_error)) == (1, True)
    assert engine.complete(say('well?')).startswith('well?')
    assert engine.health.losses == 0


def test_a_call_in_the_pause_is_refused_at_once_with_why_and_when(make):
    engine = make('Obeys', first_pause_s=5.0)
    with pytest.raises(PlannerUnavailable):
        engine.complete(say('exit 5'))
    wait_until(lambda: engine.health.state == 'restarting')
    started_s = time.monotonic()
    with pytest.raises(
        PlannerUnavailable, match=r'status 5: the last words; next try in [45]\.\d s$'
    ):
        engine.complete(say('well?'))
    assert time.monotonic() - started_s < 1


def test_pauses_double_and_after_some_losses_only_a_call_tries_again(make):
    engine = make('die_at_once', max_restarts=2, first_pause_s=0.05, max_pause_s=0.3)
    with pytest.raises(PlannerUnavailable, match='status 3'):
        engine.complete(say('hello'))
    wait_until(lambda: engine.health.state == 'failed')
    assert engine.health.losses == 3
    time.sleep(0.3)
    assert engine.health.losses == 3
    with pytest.raises(PlannerUnavailable, match='status 3'):
        engine.complete(say('hello'))
    assert engine.health.losses == 4


def test_a_model_that_dies_while_it_is_made_is_made_again(make, tmp_path):
    engine = make('DiesOnce', mark=str(tmp_path / 'mark'))
    with pytest.raises(PlannerUnavailable, match='status 9'):
        engine.complete(say('hello'))
    wait_until(lambda: came_back(engine))
    assert engine.complete(say('hello')).startswith('hello')


def test_a_model_that_cannot_be_made_says_why_and_is_not_tried_over_and_over(make):
    engine = make('CannotBeMade')
    with pytest.raises(
        ModelNotLoaded,
        match=r'^the model cannot be made: FileNotFoundError: no such file: student\.gguf$',
    ):
        engine.complete(say('hello'))
    time.sleep(0.2)
    assert (engine.health.state, engine.health.losses) == ('failed', 1)


def test_a_runtime_that_is_not_installed_is_named_with_what_to_run(make):
    engine = make('NotInstalled')
    with pytest.raises(
        ModelNotLoaded, match=r"this needs llama_cpp; run: pip install 'prism_ros\[robot\]'$"
    ):
        engine.complete(say('hello'))


def test_an_error_of_the_model_is_raised_as_what_it_is_and_costs_no_child(make):
    engine = make('Obeys')
    with pytest.raises(PromptTooLong, match=r'^expected at most 4 tokens, got 5$'):
        engine.complete(say('long'))
    assert (engine.health.state, engine.health.losses) == ('ready', 0)


def test_the_deadline_reaches_the_model_and_the_child_lives_on(make):
    engine = make('Echo', slow_s=30.0)
    engine.start()
    wait_until(lambda: engine.health.state == 'ready')
    pid, started_s = engine.health.pid, time.monotonic()
    with pytest.raises(PlannerTimeout):
        engine.complete(say('hello'), timeout_s=0.2)
    assert 0.15 < time.monotonic() - started_s < 1
    assert (engine.health.pid, engine.health.losses) == (pid, 0)


def test_a_cancel_reaches_the_model_and_the_child_lives_on(make):
    engine = make('Echo', slow_s=30.0)
    engine.start()
    wait_until(lambda: engine.health.state == 'ready')
    pid = engine.health.pid
    threading.Timer(0.2, engine.cancel).start()
    started_s = time.monotonic()
    with pytest.raises(PlannerError, match='canceled'):
        engine.complete(say('hello'))
    assert time.monotonic() - started_s < 1
    assert (engine.health.pid, engine.health.losses) == (pid, 0)


@pytest.mark.parametrize(('model', 'order'), [('Deaf', 'hello'), ('Obeys', 'stop')])
def test_a_model_that_does_not_listen_is_killed_and_replaced(make, model, order):
    engine = make(model)
    engine.start()
    wait_until(lambda: engine.health.state == 'ready')
    pid, started_s = engine.health.pid, time.monotonic()
    with pytest.raises(PlannerTimeout, match='the call waited for the reply'):
        engine.complete(say(order), timeout_s=0.2)
    assert time.monotonic() - started_s < 1.5
    wait_until(lambda: came_back(engine))
    assert not is_alive(pid)
    assert 'did not stop within 0.3 s' in engine.health.last_error


def test_a_stopped_child_does_not_hold_a_caller_with_a_long_prompt(make):
    engine = make('Echo')
    engine.complete(say('hello'))
    os.kill(engine.health.pid, signal.SIGSTOP)
    with pytest.raises(PlannerTimeout):
        engine.complete(say('x' * 2_000_000), timeout_s=0.2)
    wait_until(lambda: came_back(engine))
    assert len(engine.complete(say('x' * 2_000_000))) > 2_000_000


def test_what_the_runtime_prints_on_the_standard_output_is_no_reply(make):
    assert make('Obeys').complete(say('chatter')).startswith('chatter')


def test_calls_come_one_at_a_time_in_their_order(make):
    engine = make('Echo', slow_s=0.05)
    engine.complete(say('warm'))
    order: list[str] = []

    def call(name: str) -> None:
        order.append(engine.complete(say(name)).partition('|')[0])

    threads = [threading.Thread(target=call, args=(str(i),)) for i in range(5)]
    for thread in threads:
        thread.start()
        time.sleep(0.01)
    for thread in threads:
        thread.join(WAIT_S)
    assert order == ['0', '1', '2', '3', '4']


def test_a_call_that_waits_for_another_has_its_own_deadline(make):
    engine = make('Echo', slow_s=1.0)
    engine.start()
    wait_until(lambda: engine.health.state == 'ready')
    first = threading.Thread(target=engine.complete, args=(say('first'),))
    first.start()
    time.sleep(0.1)
    with pytest.raises(PlannerTimeout, match='waited for the calls before it'):
        engine.complete(say('second'), timeout_s=0.1)
    first.join(WAIT_S)
    assert engine.health.losses == 0


def test_a_model_that_takes_too_long_to_make_is_given_up(make):
    engine = make('never_made', start_timeout_s=0.3, max_restarts=0)
    with pytest.raises(PlannerTimeout, match='waited for the model to be made'):
        engine.complete(say('hello'), timeout_s=0.1)
    wait_until(lambda: engine.health.state == 'failed')  # whether or not anybody asks
    assert 'no model within 0.3 s' in engine.health.last_error
    time.sleep(0.1)
    with pytest.raises(EngineLost, match=r'no model within 0\.3 s'):
        engine.complete(say('hello'), timeout_s=5.0)


def test_a_model_too_large_is_refused_before_it_is_started(make, monkeypatch):
    monkeypatch.setattr(memory, 'available_bytes', lambda: 2**30)
    engine = make('Echo', needed_bytes=3 * 2**30, name='big')
    sentence = "the model 'big' needs about 3.00 GiB of memory, 1.00 GiB are available; take a "
    with pytest.raises(OutOfMemory, match=sentence):
        engine.complete(say('hello'))
    assert (engine.health.state, engine.health.pid) == ('failed', 0)
    with pytest.raises(OutOfMemory, match=f'{sentence}.*; next try in'):
        engine.complete(say('hello'))


@pytest.mark.parametrize(('kills', 'kind'), [((3, 4), OutOfMemory), ((3, 3), EngineLost)])
def test_a_child_that_the_kernel_ends_for_want_of_memory_says_so(make, monkeypatch, kills, kind):
    counts = iter([kills[0], kills[1], *[kills[1]] * 9])
    monkeypatch.setattr(engine_process, 'count_oom_kills', lambda: next(counts))
    engine = make('Echo', slow_s=30.0)
    engine.start()
    wait_until(lambda: engine.health.state == 'ready')
    threading.Timer(0.2, os.kill, (engine.health.pid, signal.SIGKILL)).start()
    with pytest.raises(kind, match=r'^the engine was lost: '):
        engine.complete(say('hello'))


def test_the_kernels_count_of_processes_ended_for_want_of_memory_is_read():
    said = re.search(r'oom_kill (\d+)', Path('/proc/vmstat').read_text())
    assert memory.count_oom_kills() == int(said[1])


def test_the_health_of_a_model_goes_from_loading_to_ready_to_out_and_back(make):
    engine = make('Obeys', first_pause_s=0.3, name='echo')
    assert engine.planner_health.state == 'loading'
    engine.start()
    wait_until(lambda: engine.planner_health.state == 'ready')
    assert engine.planner_health == PlannerHealth('ready', model_id='echo')
    os.kill(engine.health.pid, signal.SIGKILL)
    wait_until(lambda: engine.planner_health.state == 'out')
    assert type(engine.planner_health.error) is EngineLost
    wait_until(lambda: engine.planner_health.state == 'ready')
    engine.close()
    assert (engine.planner_health.state, str(engine.planner_health.error)) == (
        'out',
        'the engine was closed',
    )


def test_available_memory_is_what_the_kernel_says_or_less():
    said = int(Path('/proc/meminfo').read_text().partition('MemTotal:')[2].split()[0]) * 1024
    assert 2**26 < memory.available_bytes() <= said


def test_a_closed_engine_leaves_no_process_and_takes_no_call(make):
    engine = make('Echo', slow_s=30.0)
    engine.start()
    pid = engine.health.pid
    errors: list[BaseException] = []

    def call() -> None:
        try:
            engine.complete(say('hello'))
        except PlannerError as error:
            errors.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    wait_until(lambda: engine.health.state == 'ready')
    engine.close()
    engine.close()
    thread.join(WAIT_S)
    assert 'closed' in str(errors[0])
    assert not is_alive(pid)
    assert engine.health.state == 'stopped'
    with pytest.raises(PlannerUnavailable, match='closed'):
        engine.complete(say('hello'))


def test_a_child_dies_with_its_parent(monkeypatch):
    monkeypatch.setenv('PYTHONPATH', engine_models.FOLDER)
    script = (
        'import time\n'
        'from prism_core.inference.child.engine import EngineConfig, EngineModel\n'
        f'engine = EngineModel(EngineConfig("{engine_models.HERE}:Echo", {{"slow_s": 60}}))\n'
        'engine.start()\n'
        'while engine.health.state != "ready": time.sleep(0.01)\n'
        'print(engine.health.pid, flush=True)\n'
        'engine.complete([{"role": "user", "content": "hello"}])\n'
    )
    parent = subprocess.Popen([sys.executable, '-c', script], stdout=subprocess.PIPE, text=True)
    pid = int(parent.stdout.readline())
    assert is_alive(pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_until(lambda: not is_alive(pid))


def test_the_child_can_have_an_interpreter_of_its_own(make):
    assert make('Echo', python=sys.executable).complete(say('hello')).startswith('hello')
    with pytest.raises(ModelNotLoaded, match=r'^engine\.python: cannot run /no/python: No such'):
        make('Echo', python='/no/python').complete(say('hello'))


def test_a_factory_that_is_no_path_is_refused():
    with pytest.raises(ConfigError, match=r"expected package\.module:factory, got 'llama'"):
        EngineConfig('llama')


def test_frames_that_are_too_long_or_cut_are_no_messages(tmp_path):
    path = tmp_path / 'frames'
    path.write_bytes(b'\x7f\xff\xff\xff')
    with path.open('rb') as file, pytest.raises(ValueError, match='at most 67108864 bytes'):
        engine_child.read_frame(file)
    path.write_bytes(b'\0\0\0\x09{"op"')
    with path.open('rb') as file:
        assert engine_child.read_frame(file) is None


def test_lost_children_leave_no_process_thread_or_file_behind(make):
    engine = make('Obeys', first_pause_s=0.001, max_pause_s=0.01)
    engine.complete(say('hello'))
    before = len(os.listdir('/proc/self/fd')), threading.active_count()
    for _ in range(3):
        with pytest.raises(PlannerUnavailable):
            engine.complete(say('exit 5'))
        wait_until(lambda: came_back(engine))
        engine.complete(say('hello'))
    after = len(os.listdir('/proc/self/fd')), threading.active_count()
    assert after == before
