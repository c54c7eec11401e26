# SPDX-License-Identifier: Apache-2.0
"""The report of evaluations as one page: figures, why trials failed, and trials turn by turn.

Knows what the folders of evaluations hold. How it looks is told by `report_page/`: a template, a
style and scripts, which go into the page with the data, so that it needs no network and no server.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from prism_core.config_file import to_plain
from prism_core.dataset.episode_json import parse_episode, read_episodes
from prism_core.dataset.run_folder import RECIPE, read_lines, read_recipe
from prism_core.errors import ConfigError
from prism_core.evaluation.evaluate import EPISODES, REPORT, Scores, tell_ends
from prism_core.evaluation.report_episode import find_cause, say, show_episode
from prism_core.evaluation.results import Result, read_result
from prism_core.evaluation.scores import count_reasons
from prism_core.files import read_text, replace_file
from prism_core.pictures.web_page import render_web_page

MAX_EPISODES = 200
_PAGE = Path(__file__).parent / 'report_page'
_SCRIPTS = ('charts.js', 'viewer.js')
_SUCCESSES = 2  # of each kind


@dataclass(frozen=True)
class _Evaluation:
    """A finished evaluation; `results` in the order of the lines of its episodes."""

    folder: Path
    recipe: dict[str, Any]
    scores: Scores
    results: list[Result]


def write_report(
    folders: Sequence[Path],
    out: Path,
    *,
    episodes: int = MAX_EPISODES,
    on_trial: Callable[[], None] = lambda: None,
) -> None:
    """Write what came of evaluations as a page.

    Args:
        folders: of finished evaluations, one for each planner.
        out: the .html file, replaced when it is there.
        episodes: so many trials at most can be looked at in the page, above all those that failed;
            of each evaluation the same share.
        on_trial: called after each trial that was read.

    Raises:
        ConfigError: a folder holds no finished evaluation, or the page cannot be written.
    """
    evaluations = [_read(folder, on_trial) for folder in folders]
    chosen = [_choose(one.results, episodes // len(folders)) for one in evaluations]
    described = zip(evaluations, _label(evaluations), chosen)
    data = {
        'planners': [_describe(one, label, lines) for one, label, lines in described],
        'episodes': [
            {'planner': planner, **shown}
            for planner, (one, lines) in enumerate(zip(evaluations, chosen))
            for shown in _show(one, lines)
        ],
    }
    replace_file(out, render_page(data))


def render_page(data: Any) -> str:
    """The page that shows the data; nothing in the data is taken for a part of the page."""
    return render_web_page(_PAGE, _SCRIPTS, msgspec.json.encode(data).decode())


def _read(folder: Path, on_trial: Callable[[], None]) -> _Evaluation:
    again = f'prism evaluate PLANNER --suite FILE --out {folder} --resume'
    is_whole = all((folder / name).is_file() for name in (RECIPE, EPISODES, REPORT))
    recipe = read_recipe(folder) if is_whole else {}
    if recipe.get('stage') != 'evaluate':
        raise ConfigError(
            f'expected a finished evaluation in {folder}, with {RECIPE}, {EPISODES} and {REPORT}; '
            f'begin it, or finish it, with: {again}'
        )
    try:
        scores = msgspec.json.decode(read_text(folder / REPORT), type=Scores)
    except msgspec.MsgspecError as error:
        raise ConfigError(
            f'{folder / REPORT}: expected scores as this version writes them: {error}; score the '
            f'trials again with: {again}'
        ) from error
    results = []
    try:
        for episode in read_episodes(line.decode() for line in read_lines(folder / EPISODES)):
            results.append(read_result(episode))
            on_trial()
    except ConfigError as error:
        raise ConfigError(f'{folder / EPISODES}: {error}') from error
    if len(results) != scores.trials:
        raise ConfigError(
            f'{folder}: expected the {scores.trials} trials that {REPORT} counts, got '
            f'{len(results)} in {EPISODES}; finish the evaluation with: {again}'
        )
    if scores.ends is None:
        scores = tell_ends(scores, results)
    return _Evaluation(folder, recipe, scores, results)


def _label(evaluations: Iterable[_Evaluation]) -> list[str]:
    """A name for each planner; with its folder, where several are called the same."""
    named = [(str(one.scores.candidate['planner']), one.folder) for one in evaluations]
    times = Counter(name for name, _ in named)
    return [name if times[name] == 1 else f'{name} ({folder.name})' for name, folder in named]


def _describe(one: _Evaluation, label: str, chosen: Sequence[int]) -> dict[str, Any]:
    return {
        'label': label,
        'folder': one.folder.name,
        'suite': say(one.recipe.get('suite', {})),
        'candidate': say(one.scores.candidate),
        'scores': to_plain(one.scores),
        'causes': count_reasons(one.results).most_common(),
        'failed': _count(one.results, chosen, False),
        'succeeded': _count(one.results, chosen, True),
    }


def _count(results: Sequence[Result], chosen: Sequence[int], success: bool) -> dict[str, int]:
    """How many trials went so: in all, and of those that are chosen."""
    return {
        'all': sum(result.success == success for result in results),
        'here': sum(results[line].success == success for line in chosen),
    }


def _choose(results: Sequence[Result], number: int) -> list[int]:
    """The lines of the trials to show: a few of each kind that succeeded, and those that failed, of
    each cause as many as there is room for.
    """
    lines = sorted(range(len(results)), key=lambda line: results[line].id)
    good = _rank(results, [line for line in lines if results[line].success])
    bad = _rank(results, [line for line in lines if not results[line].success])
    few = [line for rank, line in good if rank < _SUCCESSES]
    few = few[: number // 4 if len(bad) > number - len(few) else number]
    return [*(line for _, line in bad[: number - len(few)]), *few]


def _rank(results: Sequence[Result], lines: Iterable[int]) -> list[tuple[int, int]]:
    """Each line, and how many of its kind and cause stand before it: the first of each first, and
    of these the one that is most frequent.
    """
    seen: Counter[tuple[str, str]] = Counter()
    ranked = []
    for line in lines:
        group = results[line].kind, find_cause(results[line])
        ranked.append((seen[group], group, line))
        seen[group] += 1
    ranked.sort(key=lambda entry: (entry[0], -seen[entry[1]]))
    return [(rank, line) for rank, _, line in ranked]


def _show(one: _Evaluation, chosen: Sequence[int]) -> Iterator[dict[str, Any]]:
    """What the viewer shows of the chosen trials, in their order."""
    wanted = set(chosen)
    shown = {
        number: show_episode(parse_episode(line.decode()))
        for number, line in enumerate(read_lines(one.folder / EPISODES))
        if number in wanted
    }
    return (shown[line] for line in chosen)
