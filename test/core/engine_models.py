# SPDX-License-Identifier: Apache-2.0
"""Language models for an engine child, named by import path: good, slow, deaf and broken ones.

The child finds this file by its folder: `test` is a package of the standard library.
"""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from prism_core import PlannerError, PlannerTimeout
from prism_core.errors import PromptTooLong
from prism_core.inference.text_model import Score

HERE = Path(__file__).stem
FOLDER = str(Path(__file__).parent)
_NOTHING = {'grammar': None, 'max_new_tokens': 0, 'seed': 0}


@dataclass
class Stats:
    """What a call cost."""

    prompt_tokens: int = 0


@dataclass
class Echo:
    """Says what it was asked, `slow_s` later; can be cancelled between two steps."""

    name: str = 'echo'
    slow_s: float = 0.0
    stats: Stats = field(default_factory=Stats)

    def __post_init__(self):
        print('this goes to the standard output, where replies go')
        self._canceled = threading.Event()

    def complete(self, messages, *, grammar, max_new_tokens, seed, timeout_s):
        self._canceled.clear()
        self.stats.prompt_tokens += 1
        if self._canceled.wait(min(self.slow_s, timeout_s)):
            raise PlannerError('canceled between two chunks')
        if self.slow_s > timeout_s:
            raise PlannerTimeout('no plan in time')
        said = messages[-1]['content']
        return f'{said}|{grammar}|{max_new_tokens}|{seed}|{os.getpid()}|{os.getppid()}'

    def score(self, prompt, continuations, *, begun, timeout_s):
        self.complete([{'content': begun}], timeout_s=timeout_s, **_NOTHING)
        told = prompt if isinstance(prompt, str) else prompt[-1]['content']
        return [Score(-float(len(told + begun)), len(text)) for text in continuations]

    def cancel(self):
        self._canceled.set()

    def close(self):
        pass


class Deaf:
    """Hears neither cancel nor deadline."""

    name = 'deaf'

    def complete(self, messages, **_):
        time.sleep(60)

    def close(self):
        pass


class Obeys(Echo):
    """Does to itself what the message says."""

    def complete(self, messages, **settings):
        order, _, argument = messages[-1]['content'].partition(' ')
        if order == 'exit':
            print('the last words', file=sys.stderr, flush=True)
            os._exit(int(argument))
        elif order == 'segfault':
            os.kill(os.getpid(), signal.SIGSEGV)
        elif order == 'stop':
            os.kill(os.getpid(), signal.SIGSTOP)
        elif order == 'eat':
            resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
            return str(len(bytes(2**31)))
        elif order == 'long':
            raise PromptTooLong('expected at most 4 tokens, got 5')
        elif order == 'raise':
            raise ZeroDivisionError('a bug')
        elif order == 'babble':
            os.write(3, b'\xff' * 100)
        elif order == 'chatter':
            os.write(1, b'llama_decode: ok\n' * 100_000)
        return super().complete(messages, **settings)


class DiesOnce(Echo):
    """The first one dies when it is made; `mark` is a file that remembers."""

    def __init__(self, mark: str):
        super().__init__()
        if not Path(mark).exists():
            Path(mark).touch()
            os._exit(9)


class NotInstalled:
    def __init__(self, **_):
        raise ModuleNotFoundError("No module named 'llama_cpp'", name='llama_cpp')


class CannotBeMade:
    def __init__(self):
        raise FileNotFoundError('no such file: student.gguf')


def die_at_once():
    os._exit(3)


def never_made():
    time.sleep(60)


class Plans(Echo):
    """Says one plan in SPINE's JSON, `slow_s` later."""

    def __init__(self, plan: str, slow_s: float = 0.0):
        super().__init__(slow_s=slow_s)
        self._reply = json.dumps(
            {'primary_goal': 'go', 'relevant_graph': [], 'reasoning': 'so', 'plan': plan}
        )

    def complete(self, messages, *, timeout_s, **settings):
        super().complete(messages, timeout_s=timeout_s, **settings)
        return self._reply


class Writes:
    """Says a plan word by word, and tells each one as it comes."""

    name = 'writes'

    def __init__(self, text: str = 'one two three four', pause_s: float = 0.1):
        self.written_tokens = 0
        self._text, self._pause_s = text, pause_s
        self._canceled = threading.Event()

    def complete(self, messages, *, grammar, max_new_tokens, seed, timeout_s, on_text):
        self._canceled.clear()
        words = re.findall(r'\S+\s*', self._text)
        for number, word in enumerate(words, 1):
            if self._canceled.wait(self._pause_s):
                raise PlannerError('canceled between two words')
            self.written_tokens = number
            on_text(word)
        return self._text

    def cancel(self):
        self._canceled.set()

    def close(self):
        pass


class Phased(Plans):
    """Takes a moment to be made, to read and to write, so that it can be hit in any phase; does to
    itself what the request says behind `please`.
    """

    def __init__(self, plan: str, pause_s: float):
        time.sleep(pause_s)
        super().__init__(plan)
        self._pause_s = pause_s

    def complete(self, messages, *, grammar, max_new_tokens, seed, timeout_s, on_text):
        self._canceled.clear()
        order = re.search(r'please (\w+)', ' '.join(said['content'] for said in messages))
        reply = self._obey(order[1] if order else '')
        self._pause()
        on_text(reply[:9])
        self._pause()
        while order and order[1] == 'ramble':
            self._pause()
            on_text('and ')
        return reply

    def _obey(self, order: str) -> str:
        """What it says, if it still can."""
        if order == 'crash':
            os.kill(os.getpid(), signal.SIGSEGV)
        elif order == 'babble':
            os.write(3, b'\xff' * 100)
        elif order == 'eat':
            resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
            return str(len(bytes(2**31)))
        return {'garble': 'q(]w{', 'trail_off': self._reply[:40]}.get(order, self._reply)

    def _pause(self) -> None:
        if self._canceled.wait(self._pause_s):
            raise PlannerError('canceled between two words')
