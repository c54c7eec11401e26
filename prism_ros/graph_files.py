"""Scene graphs on disk: confined to one folder, read whole, and replaced whole or not at all."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from prism_core import SceneGraph, SceneGraphError, parse_scene_graph, render_scene_graph
from prism_core.domains.mapping import GRAPHS
from prism_msgs.msg import PlanErrorCode
from prism_ros.errors import Refusal

MAX_FILE_BYTES = 64 * 1024 * 1024


class GraphFolder:
    """The folder that a node reads scene graphs from and writes them to.

    Args:
        directory: the folder; '' stands for the folder of `file`, or for the packaged graphs, which
            are read only.
        file: the graph to start with: a path, or a name inside the folder; '' = none.

    Raises:
        Refusal: the folder does not exist, or the file lies outside it.
    """

    def __init__(self, directory: str, file: str):
        if not directory and os.sep in file:
            path = Path(file)
            directory, file = str(path.parent), path.name
        self.is_packaged = not directory
        self._root = Path(os.path.expanduser(directory)) if directory else GRAPHS
        if not self._root.is_dir():
            raise Refusal(
                PlanErrorCode.FILE_ERROR,
                f"expected graph.directory to be a folder, got '{self._root}'",
            )
        self._root = self._root.resolve()
        self.file = self.resolve(file) if file else None

    def resolve(self, name: str) -> Path:
        """The path of a file in the folder.

        Raises:
            Refusal: the file would lie outside the folder.
        """
        try:
            path = (self._root / os.path.expanduser(name)).resolve()
        except (OSError, RuntimeError, ValueError) as error:
            raise Refusal(PlanErrorCode.FILE_ERROR, f'{name[:80]!r}: {error}') from error
        if self._root not in path.parents:
            raise Refusal(
                PlanErrorCode.FILE_ERROR, f"'{name[:80]}' is not inside the folder {self._root}"
            )
        return path


def load_scene_graph(path: Path) -> SceneGraph:
    """Read a scene graph from a file of SPINE JSON.

    Raises:
        Refusal: the file cannot be read, is too large or is no text.
        SceneGraphError: the text is no scene graph.
    """
    try:
        info = path.stat()
        if not stat.S_ISREG(info.st_mode):
            raise Refusal(PlanErrorCode.FILE_ERROR, f'cannot read {path}: not a regular file')
        if info.st_size > MAX_FILE_BYTES:
            raise Refusal(
                PlanErrorCode.GRAPH_TOO_LARGE, f'{path} is larger than {MAX_FILE_BYTES} bytes'
            )
        return parse_scene_graph(path.read_text('utf-8'))
    except SceneGraphError as error:
        raise SceneGraphError([f'{path}: {problem}' for problem in error.problems]) from error
    except OSError as error:
        raise Refusal(PlanErrorCode.FILE_ERROR, f'cannot read {path}: {error.strerror}') from error
    except UnicodeDecodeError as error:
        raise Refusal(PlanErrorCode.INVALID_SCENE_GRAPH, f'{path} is not UTF-8: {error}') from error


def save_scene_graph(graph: SceneGraph, path: Path) -> None:
    """Write a scene graph so that the file is the old one or the new one, whole, whatever happens.

    Raises:
        Refusal: the file cannot be written; the old one is untouched.
    """
    try:
        write_whole(path, render_scene_graph(graph, indented=True))
    except OSError as error:
        raise Refusal(PlanErrorCode.FILE_ERROR, f'cannot write {path}: {error.strerror}') from error


def write_whole(path: Path, text: str) -> None:
    """Replace a file whole or not at all, on the disk before this returns.

    Raises:
        OSError: it cannot be written; the old one is untouched.
    """
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(
            'w', encoding='utf-8', dir=path.parent, prefix=f'.{path.name}.', delete=False
        ) as file:
            temporary = Path(file.name)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        # Temporary files are the owner's alone, scene graphs are not.
        temporary.chmod(stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o644)
        temporary.replace(path)
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
