# SPDX-License-Identifier: Apache-2.0
"""Training by several processes of this machine, which `torchrun` starts, one for each rank.

Run as a module this is one rank: `prism train` that ends when `torchrun` has gone. Torchrun puts
each rank into a session of its own, where no signal to the others reaches it; two trainings would
else write to one folder when a run that was killed is started again.
"""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import threading
import time
from pathlib import Path

from prism_core.config_file import render_config
from prism_core.distill.config import TrainConfig
from prism_core.errors import RunStopped
from prism_core.files import replace_file

_LOOK_S = 0.2


def train_in_ranks(number: int, data: Path, out: Path, config: TrainConfig, lock: int) -> None:
    """Train, or go on with what `out` holds.

    Args:
        number: of processes.
        data: the folder of a dataset.
        out: the folder to write to.
        config: the recipe.
        lock: a file descriptor that is open as long as they train.

    Raises:
        RunStopped: one of them ended early; it has said why.
    """
    out.mkdir(parents=True, exist_ok=True)
    settings = out / 'settings.yaml'
    replace_file(settings, render_config(config))
    torchrun = ('-m', 'torch.distributed.run', '--standalone', '--nproc-per-node', str(number))
    places = ('--recipe', str(settings), '--data', str(data), '--out', str(out))
    command = [sys.executable, *torchrun, '--module', __name__, 'train', *places, '--resume']
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, pass_fds=(lock,))  # noqa: S603
    try:
        status = process.wait()
    finally:
        process.terminate()
        process.wait()
    if status:
        raise RunStopped(
            f'training in {number} processes ended with status {status}, see above; what was done '
            'is kept: the same command goes on'
        )


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_S)
    os._exit(1)


if __name__ == '__main__':
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    runpy.run_module('prism_core.cli.main', run_name='__main__')
