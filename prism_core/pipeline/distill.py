# SPDX-License-Identifier: Apache-2.0
"""`distill`: from a recipe to a student that is ready to be published, stage by stage.

data/        episodes, tokens, tokenizer (where they are drawn)
train/       the run of the training
merged/      an adapter in its base (where one was trained, and a model is delivered)
exported/    the student in F16, or the adapter, compared with what was trained
quantised/   a folder for each type
evaluation/  a folder for each file that was evaluated
gguf/        what to publish: the files, with what was measured in them, and the model card
stages.json  what each stage read and what came out
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from prism_core.distill.quantize import QUANT_TYPES
from prism_core.errors import ConfigError
from prism_core.evaluation.evaluate import evaluate as evaluate_planner
from prism_core.pipeline.learning import Show, make_data, merge_student, train_student
from prism_core.pipeline.ledger import Ledger
from prism_core.pipeline.publishing import (
    Evaluate,
    evaluate_student,
    export_student,
    export_student_adapter,
    publish_student,
    quantise_student,
)
from prism_core.pipeline.recipe import ADAPTER, read_recipe


def distill(
    recipe_file: Path,
    out: Path,
    *,
    data: Path | None = None,
    base: Path | None = None,
    start: Path | None = None,
    allow_download: bool = False,
    say: Callable[[str], None] = lambda line: None,
    on_progress: Show = lambda progress: None,
    evaluate: Evaluate = evaluate_planner,
) -> Path:
    """Make a student, or what of it is not there yet.

    A stage is skipped when what it reads, its settings and its files are as they were. One that was
    interrupted goes on; one that read something else begins again in an empty folder.

    Args:
        recipe_file: a `DistillConfig` as YAML.
        out: the folder to write to.
        data: folder of a dataset to learn from, instead of the data that the recipe names; shards
            for a nano are made in it where there are none.
        base: folder of the base, if it is not where the recipe of training says.
        start: checkpoint of a nano to go on from, with its tokenizer, instead of random weights.
        allow_download: whether the base may be fetched.
        say: told one line for each stage.
        on_progress: told how far a stage is.
        evaluate: lets a file play a suite.

    Returns:
        The folder to publish.

    Raises:
        ConfigError: the recipe, the data or the machine cannot be used, or `out` holds something
            else.
        RunStopped: a process died; the same call goes on.
    """
    recipe = read_recipe(
        recipe_file, data=data, base=base, start=start, allow_download=allow_download
    )
    config = recipe.config
    for file_type in config.quantise:
        if file_type not in QUANT_TYPES:
            raise ConfigError(
                f'{recipe_file}: quantise: expected some of {", ".join(QUANT_TYPES)}, got '
                f'{file_type!r}'
            )
    with Ledger(out, say) as ledger:
        learned = make_data(recipe, ledger, on_progress)
        trained = train_student(recipe, learned, ledger, on_progress)
        if config.delivers_adapter:
            made = {ADAPTER: export_student_adapter(recipe, learned, trained, ledger)}
        else:
            checkpoint = merge_student(recipe, trained, ledger)
            exported = export_student(recipe, learned, checkpoint, ledger)
            made = quantise_student(config, exported, ledger)
        measured = evaluate_student(recipe, made, ledger, on_progress, evaluate)
        return publish_student(recipe, made, measured, ledger)
