# SPDX-License-Identifier: Apache-2.0
"""How a student does on tasks in worlds of the split valid."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from prism_core.config_file import to_config, to_plain
from prism_core.dataset.episode_json import render_episode
from prism_core.dataset.run_folder import RunFolder
from prism_core.dataset.runner import start_runner
from prism_core.dataset.work import TaskJob
from prism_core.domain import find_domain
from prism_core.evaluation.candidates import Candidate
from prism_core.evaluation.evaluate import EPISODES, TrialProgress, read_results
from prism_core.evaluation.results import Result
from prism_core.evaluation.trial import PlayTrials
from prism_core.iteration.choosing import draw_tasks


def play_valid(
    student: Candidate,
    domain_name: str,
    worlds: Mapping[str, Any],
    out: Path,
    *,
    workers: int,
    on_progress: Callable[[TrialProgress], None] = lambda progress: None,
) -> list[Result]:
    """Let a student play tasks in worlds of the split valid.

    Goes on with what the folder holds.

    Args:
        student: who plays.
        domain_name: where tasks are from.
        worlds: the domain's own recipe.
        out: the folder to write to.
        workers: processes, each with a copy of the student.
        on_progress: called after each world.

    Raises:
        ConfigError: student or worlds cannot be used, or the folder holds another run.
        RunStopped: a process died.
    """
    domain = find_domain(domain_name)
    recipe: Any = to_config(worlds, domain.recipe_type, 'worlds')
    total = recipe.worlds
    plan = {
        'stage': 'valid',
        'candidate': student.describe(),
        'worlds': to_plain(recipe),
        'versions': {domain.name: domain.version},
    }
    work = PlayTrials(student, domain_name)

    def jobs(done: set[int]) -> Iterator[TaskJob]:
        for unit, tasks in enumerate(islice(draw_tasks(worlds, 'valid', domain), total)):
            if unit not in done:
                yield TaskJob(unit, tuple(render_episode(task).encode() for task in tasks))

    with (
        RunFolder(out, EPISODES, plan, resume=True) as folder,
        start_runner(work, 'processes', workers) as run,
    ):
        on_progress(TrialProgress(len(folder.done), total, folder.lines, folder.good))
        for job, lines, good in run(jobs(folder.done), False):
            folder.commit(job.unit, lines, good)
            on_progress(TrialProgress(len(folder.done), total, folder.lines, folder.good))
    return read_results(out)
