# SPDX-License-Identifier: Apache-2.0
"""Conversations as tokens, made once and kept beside the data in files named for what they hold."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from prism_core.distill.documents import Documents

FOLDER = 'tokens'
_ARRAYS = ('tokens', 'weights', 'starts', 'lengths')


def keep_tokens(folder: Path, what: Sequence[Any], make: Callable[[], Documents]) -> Documents:
    """The documents that are kept, or else those that are made, which are kept then.

    Args:
        folder: of the data; where nothing can be written there, nothing is kept.
        what: plain data: all that they depend on.
        make: makes them.
    """
    key = hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()
    path = folder / FOLDER / f'{key[:16]}.npz'
    if path.exists():
        return _read(path)
    documents = make()
    draft = path.with_name(f'.{key[:16]}.{os.getpid()}.npz')
    try:
        path.parent.mkdir(exist_ok=True)
        dropped = np.array(json.dumps(documents.dropped))
        arrays = {name: getattr(documents, name) for name in _ARRAYS}
        np.savez(draft, dropped=dropped, **arrays)
        draft.replace(path)
    except OSError:  # a folder of others: they are made again next time
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
    return documents


def _read(path: Path) -> Documents:
    with np.load(path) as kept:
        arrays = {name: kept[name] for name in _ARRAYS}
        return Documents(**arrays, dropped=json.loads(str(kept['dropped'])))
