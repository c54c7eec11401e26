# SPDX-License-Identifier: Apache-2.0
"""What the arguments of our launch file mean. Knows no `launch`, no ROS and no node."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from prism_core import ConfigError
from prism_core.inference.planning_domain import find_planning_domain, packaged_graphs

_FLAGS = {
    **dict.fromkeys(('true', '1', 'yes', 'on'), True),
    **dict.fromkeys(('false', '0', 'no', 'off'), False),
}


def read_flag(name: str, text: str) -> bool:
    """Whether a launch argument is switched on.

    Raises:
        ValueError: the text says neither yes nor no.
    """
    flag = _FLAGS.get(text.strip().lower())
    if flag is None:
        raise ValueError(f"{name}: expected {' or '.join(_FLAGS)}, got '{text}'")
    return flag


def read_choice(name: str, text: str, choices: Sequence[str]) -> str:
    """Which of some words a launch argument is.

    Raises:
        ValueError: it is none of them.
    """
    if text.strip() not in choices:
        raise ValueError(f"{name}: expected {' or '.join(choices)}, got '{text}'")
    return text.strip()


def find_scene_graph(
    text: str, working_directory: Path, domain: str = '', *, argument: str = 'scene_graph'
) -> tuple[str, str]:
    """The scene graph that a launch argument names: its path, and which one it is.

    Args:
        text: a path, from the working directory or home where it is relative; else the name of a
            packaged graph. '' = none.
        working_directory: of whoever launches.
        domain: whose packaged graphs are meant, as parameter `domain` of the nodes names it.
        argument: the name of the launch argument.

    Raises:
        ValueError: there is no such file, or no such domain.
    """
    if not text:
        return '', ''
    given = (working_directory / Path(text).expanduser()).absolute()
    if given.is_file():
        return str(given), f'the file {given}'
    try:
        packaged = packaged_graphs(find_planning_domain(domain))
    except ConfigError as error:
        raise ValueError(f'{argument}: there is no file {given}, and {error}') from error
    if text in packaged:
        path = packaged[text]
        return str(path), f'the packaged graph {path}, since there is no file {given}'
    raise ValueError(
        f'{argument}: expected a file or a packaged graph ({", ".join(packaged) or "none"}), got '
        f"'{text}'; there is no file {given}"
    )


def first_packaged(domain: str) -> str:
    """The name of a domain's first packaged graph, to begin with; '' where there is none.

    Raises:
        ValueError: there is no such domain.
    """
    try:
        return next(iter(packaged_graphs(find_planning_domain(domain))), '')
    except ConfigError as error:
        raise ValueError(f'domain: {error}') from error
