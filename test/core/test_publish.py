# SPDX-License-Identifier: Apache-2.0
"""Model files that are there whole or not at all, whenever their writer is killed."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from prism_core import ConfigError
from prism_core.distill.publish import publish
from prism_core.gguf_info import read_gguf_info

from .checkpoints import export_some, make_nano

ROOT = Path(__file__).parents[2]

KILLED = """
import os, signal, sys
from pathlib import Path
from prism_core.distill.publish import publish
with publish(Path(sys.argv[1])) as draft:
    draft.write_bytes(b'half')
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_file_whose_writer_is_killed_is_not_there_and_the_next_writes_it(tmp_path):
    path = tmp_path / 'tiny.gguf'
    for _ in range(2):
        done = subprocess.run([sys.executable, '-c', KILLED, path], cwd=ROOT)
        assert done.returncode == -signal.SIGKILL
        assert [p.name for p in tmp_path.iterdir()] == ['.tiny.gguf.part']
    with publish(path) as draft:
        draft.write_bytes(b'whole')
    assert path.read_bytes() == b'whole'
    assert sorted(p.name for p in tmp_path.iterdir()) == ['tiny.gguf', 'tiny.gguf.sha256']
    assert subprocess.run([sys.executable, '-c', KILLED, path], cwd=ROOT).returncode < 0
    assert path.read_bytes() == b'whole'


def test_file_that_another_process_writes_is_refused(tmp_path):
    path = tmp_path / 'tiny.gguf'
    with publish(path) as draft:
        draft.write_bytes(b'whole')
        with (
            pytest.raises(ConfigError, match=r'another process writes .*tiny.gguf; wait for it'),
            publish(path),
        ):
            pass
        assert draft.read_bytes() == b'whole'
    assert path.read_bytes() == b'whole'


def test_file_that_cannot_be_written_is_refused_with_one_sentence(tmp_path):
    (tmp_path / 'file').write_text('')
    with (
        pytest.raises(ConfigError, match=r'cannot write .*tiny.gguf: '),
        publish(tmp_path / 'file' / 'tiny.gguf'),
    ):
        pass


COMMAND = """
import sys
from prism_core.cli.export import export, quantize
{'export': export, 'quantize': quantize}[sys.argv[1]](sys.argv[2:], standalone_mode=False)
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize('name', ['export', 'quantize'])
def test_run_that_is_killed_at_random_moments_leaves_nothing_or_the_whole(name, tmp_path):
    checkpoint, source = make_nano(tmp_path / 'nano'), tmp_path / 'source.gguf'
    out = tmp_path / 'out' / 'tiny.gguf'
    draft = out.with_name('.tiny.gguf.part')
    arguments: tuple[object, ...] = (checkpoint, '--out', out, '--no-card')
    if name == 'quantize':
        export_some(checkpoint, source)
        arguments = (source, out, '--type', 'Q8_0')
    command = [sys.executable, '-c', COMMAND, name, *map(str, arguments)]
    took_s, whole = run_whole(command, draft, out)
    out.unlink()
    rng, cut = random.Random(5), 0
    for number in range(12):
        if number >= 4 and cut:
            break  # else a run that went faster than the first was whole each time
        draft.unlink(missing_ok=True)
        with start(command) as process:
            wait_for(draft, process)
            time.sleep(rng.uniform(0, took_s))
            process.kill()
        if out.exists():
            assert out.read_bytes() == whole
            assert read_gguf_info(out).sha256
            out.unlink()
        else:
            cut += draft.exists()
    assert cut > 0
    run_whole(command, draft, out)
    assert out.read_bytes() == whole
    assert sorted(p.name for p in out.parent.iterdir()) == ['tiny.gguf', 'tiny.gguf.sha256']


def start(command: list[str]) -> subprocess.Popen:
    silent = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=ROOT, stdout=silent, stderr=silent)


def wait_for(draft: Path, process: subprocess.Popen) -> None:
    while process.poll() is None and not draft.exists():
        time.sleep(0.001)


def run_whole(command: list[str], draft: Path, out: Path) -> tuple[float, bytes]:
    """How long the draft was there, and what came of it."""
    with start(command) as process:
        wait_for(draft, process)
        began = time.monotonic()
        while draft.exists():
            time.sleep(0.001)
        took_s = time.monotonic() - began
    assert process.returncode == 0
    return took_s, out.read_bytes()
