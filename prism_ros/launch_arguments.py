"""What the arguments of our launch file mean. Knows no `launch`, no ROS and no node."""

from __future__ import annotations

from pathlib import Path

from prism_core.domains.mapping import GRAPHS

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


def find_scene_graph(text: str, working_directory: Path) -> tuple[str, str]:
    """The scene graph that a launch argument names: its path, and which one it is.

    Args:
        text: a path, from the working directory or home where it is relative; else the name of a
            packaged graph. '' = none.
        working_directory: of whoever launches.

    Raises:
        ValueError: there is no such file.
    """
    if not text:
        return '', ''
    given = (working_directory / Path(text).expanduser()).absolute()
    packaged = GRAPHS / text
    if given.is_file():
        return str(given), f'the file {given}'
    if packaged.parent == GRAPHS and packaged.is_file():
        return str(packaged), f'the packaged graph {packaged}, since there is no file {given}'
    names = ', '.join(sorted(path.name for path in GRAPHS.glob('*.json')))
    raise ValueError(
        f"scene_graph: expected a file or a packaged graph ({names}), got '{text}'; there is no "
        f'file {given}'
    )
