# SPDX-License-Identifier: Apache-2.0
"""What runs in the engine's child: a student, once its files are known to be the right ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prism_core.gguf_info import read_gguf_info
from prism_core.inference.local.adapter_file import read_adapters
from prism_core.inference.local.model_file import check_model_file


def load_student(path: str, sha256: str = '', adapters: Sequence[str] = (), **settings: Any) -> Any:
    """The model of a GGUF file on llama.cpp, with adapters.

    Args:
        path: the file.
        sha256: of it; '' for what is known of it otherwise.
        adapters: files, as `read_adapters` takes them.
        settings: of `LlamaCppModel`.

    Raises:
        ModelHashMismatch: a file is another one.
        ConfigError: llama.cpp cannot load one, or an adapter is of another base.
    """
    base = check_model_file(Path(path), sha256)
    found = read_adapters(adapters, read_gguf_info(Path(path), verify=False)) if adapters else ()
    checked = {adapter.name: adapter.check(Path(path), base.sha256) for adapter in found}
    from prism_core.inference.local.llama_cpp import LlamaCppModel

    model: Any = LlamaCppModel(
        path, adapters={adapter.name: adapter.info.path for adapter in found}, **settings
    )
    model.sha256 = base.sha256
    model.adapter_sha256s = {name: one.sha256 for name, one in checked.items()}
    model.remark = '; '.join(filter(None, (one.remark for one in (base, *checked.values()))))
    return model
