# SPDX-License-Identifier: Apache-2.0
"""The last stages: export, quantising, evaluation, and the folder that is published."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from prism_core.config_file import to_plain
from prism_core.dataset.export import EPISODES
from prism_core.distill.export_adapter import export_adapter, find_base_file
from prism_core.distill.export_gguf import export_gguf, set_metadata
from prism_core.distill.model_card import write_model_card
from prism_core.distill.quantize import quantize_gguf
from prism_core.distill.run_record import hash_start
from prism_core.domain import find_domain
from prism_core.evaluation.candidates import Candidate
from prism_core.files import read_text, replace_file
from prism_core.gguf_info import ModelMetadata, hash_action_table, read_gguf_info, sha256_path
from prism_core.pipeline.learning import Made, Show, StageProgress, plain_training
from prism_core.pipeline.ledger import Ledger, Stage
from prism_core.pipeline.recipe import ADAPTER, FLOATS, DistillConfig, Recipe
from prism_core.words_file import describe_settings

Evaluate = Callable[..., Any]
"""Takes what `evaluation.evaluate.evaluate` takes; what it returns has a `text`."""
_TEXT = 'evaluation.txt'


def export_student(recipe: Recipe, data: Made, checkpoint: Made, ledger: Ledger) -> Made:
    """Write the checkpoint as GGUF in F16.

    Raises:
        ConfigError: it cannot be exported, or what was written is not alike.
    """
    name, metadata = recipe.config.file_name(FLOATS), _describe(recipe, data)

    def make(folder: Path) -> str:
        done = export_gguf(checkpoint.folder, folder / name, metadata=metadata, float_type=FLOATS)
        return f'{done.info.size_bytes:,} bytes; {done.check.closeness}'

    inputs = {'checkpoint': checkpoint.files, 'metadata': asdict(metadata), 'name': name}
    files = ledger.do(Stage('export', 'exported', inputs, make))
    return Made(ledger.path / 'exported', files)


def export_student_adapter(recipe: Recipe, data: Made, trained: Made, ledger: Ledger) -> Made:
    """Write the adapter alone as GGUF, for the file of its base.

    Raises:
        ConfigError: the base has no file, or the two are not alike in llama.cpp.
    """
    name, metadata = recipe.config.file_name(ADAPTER), _describe(recipe, data)

    def make(folder: Path) -> str:
        done = export_adapter(
            trained.folder, folder / name, metadata=metadata, base=recipe.train.base
        )
        return f'{done.info.size_bytes:,} bytes; {done.closeness}'

    inputs = {'adapter': trained.files, 'metadata': asdict(metadata), 'name': name}
    files = ledger.do(Stage('export', 'exported', inputs, make))
    return Made(ledger.path / 'exported', files)


def _describe(recipe: Recipe, data: Made) -> ModelMetadata:
    config, train = recipe.config, recipe.train
    domain = find_domain(train.domain)
    made: dict[str, Any] = {'train': plain_training(train), **hash_start(train)}
    if recipe.worlds is not None:
        made = {'worlds': to_plain(recipe.worlds), 'teacher': config.data.teacher, **made}
    return ModelMetadata(
        name=config.name,
        licence=config.licence,
        domain=domain.name,
        dialect=train.data.dialect,
        dialect_version=str(domain.make_dialect(train.data.dialect).version),
        action_table_version=hash_action_table(domain.table),
        dataset_sha256=data.files[EPISODES],
        recipe=yaml.safe_dump(made, sort_keys=False),
    )


def quantise_student(config: DistillConfig, exported: Made, ledger: Ledger) -> dict[str, Made]:
    """Make the smaller files; all files by their type, the one in F16 among them.

    Raises:
        ConfigError: llama.cpp cannot quantise it.
    """

    def make(file_type: str, folder: Path) -> str:
        source = exported.folder / config.file_name(FLOATS)
        return str(quantize_gguf(source, folder / config.file_name(file_type), file_type))

    made = {FLOATS: exported}
    for file_type in config.quantise:
        folder = f'quantised/{file_type.lower()}'
        inputs = {'exported': exported.files, 'type': file_type}
        stage = Stage(f'quantise {file_type}', folder, inputs, partial(make, file_type))
        made[file_type] = Made(ledger.path / folder, ledger.do(stage))
    return made


def evaluate_student(
    recipe: Recipe, made: Mapping[str, Made], ledger: Ledger, show: Show, evaluate: Evaluate
) -> dict[str, Made]:
    """Evaluate files; what was measured, by their type.

    Raises:
        ConfigError: a file or the suite cannot be used.
        RunStopped: a process died.
    """
    config, suite = recipe.config, recipe.suite
    version = find_domain(recipe.train.domain).version

    def make(file_type: str, folder: Path) -> str:
        name = f'evaluate {file_type}'
        path = str(made[file_type].folder / config.file_name(file_type))
        played = Candidate(path, held_to=config.evaluate.held_to)
        if config.delivers_adapter:
            played = replace(played, planner=str(find_base_file(recipe.train.base)), adapter=path)
        scores = evaluate(
            played,
            suite,
            folder,
            resume=True,
            on_progress=lambda p: show(
                StageProgress(name, p.done, p.total, f'{p.trials:,} trials')
            ),
        )
        replace_file(folder / _TEXT, f'{scores.text}\n')
        return scores.text.partition('\n')[0]

    measured = {}
    for file_type in config.evaluate.files:
        folder = f'evaluation/{file_type.lower()}'
        inputs = {
            'file': made[file_type].files,
            'suite': describe_settings(suite),
            'held_to': config.evaluate.held_to,
            'version': version,
        }
        stage = Stage(
            f'evaluate {file_type}', folder, inputs, partial(make, file_type), goes_on=True
        )
        measured[file_type] = Made(ledger.path / folder, ledger.do(stage))
    return measured


def publish_student(
    recipe: Recipe, made: Mapping[str, Made], measured: Mapping[str, Made], ledger: Ledger
) -> Path:
    """Put all files into one folder, with what was measured in them, and describe them.

    Returns:
        The folder.
    """
    config, train = recipe.config, recipe.train
    origin = {'base': train.base, 'words_of': train.words_of}

    def make(folder: Path) -> str:
        folder.mkdir()
        infos, rows = [], []
        for file_type in config.file_types:
            name = config.file_name(file_type)
            path = folder / name
            _link(made[file_type].folder / name, path)
            if file_type in measured:
                text = read_text(measured[file_type].folder / _TEXT).strip()
                set_metadata(path, replace(read_gguf_info(path).metadata, evaluation=text))
                rows += [{'file': f'`{name}`', 'result': line} for line in text.splitlines()]
            infos.append(read_gguf_info(path))
        write_model_card(folder, infos, **origin, measured=rows)
        return f'{", ".join(info.path.name for info in infos)} and their card'

    inputs = {
        'files': {file_type: made[file_type].files for file_type in config.file_types},
        'measured': {file_type: of.files for file_type, of in measured.items()},
        **origin,
    }
    ledger.do(Stage('publish', 'gguf', inputs, make))
    return ledger.path / 'gguf'


def _link(source: Path, path: Path) -> None:
    """The same file and its sha256 in another folder, without their bytes where that can be."""
    for one, other in ((source, path), (sha256_path(source), sha256_path(path))):
        try:
            os.link(one, other)
        except OSError:
            shutil.copy(one, other)
