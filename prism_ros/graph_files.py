# SPDX-License-Identifier: Apache-2.0
"""Scene graphs on disk: confined to folders, read whole, and replaced whole or not at all.

A name that came over the network is opened part by part from its folder, and no part may be a
link: what lies elsewhere cannot be reached, whoever swaps files meanwhile.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from prism_core import ConfigError, SceneGraph, SceneGraphError, read_graph, render_scene_graph
from prism_msgs.msg import PlanErrorCode
from prism_ros.errors import Refusal

MAX_FILE_BYTES = 64 * 1024 * 1024
SUFFIX = '.json'  # of what is saved
SUFFIXES = (SUFFIX, '.geojson', '.graphml')
MODE = 0o644  # of what is saved, at most
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe is not waited for
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_OF_LINKS = {
    errno.ELOOP: 'it is a symbolic link, which is not followed',
    errno.ENOTDIR: 'what stands before a / is no folder, or a symbolic link to one',
}

Say = Callable[[str], None]


def _in_silence(_: str) -> None:
    pass


class GraphFolder:
    """Where a node reads scene graphs from and writes them to, as its parameters say.

    Args:
        directory: the folder to read from; '' stands for the folder of `file`, or for the packaged
            graphs.
        file: the graph to start with: a path, or a name inside the folder; '' = none. Who started
            the node named it, so it may be a link.
        save_directory: the folder to write to; '' = nothing is written.
        find_packaged: tells the folder of the packaged graphs, where it is needed; None for none.

    Raises:
        Refusal: a folder does not exist, or the file lies outside it.
    """

    def __init__(
        self,
        directory: str,
        file: str,
        save_directory: str = '',
        find_packaged: Callable[[], Path | None] = lambda: None,
    ):
        if not directory and os.sep in file:
            directory, file = os.path.split(os.path.expanduser(file))
        if directory:
            self._source: Path | None = _existing('graph.directory', directory)
        else:
            packaged = find_packaged()
            self._source = None if packaged is None else packaged.resolve()
        self._target = None
        if save_directory:
            self._target = _existing('graph.save_directory', save_directory)
        self.file: Path | None = None
        if file:
            source = self._folder_to_read()
            self.file = Path(os.path.normpath(source / os.path.expanduser(file)))
            if source not in self.file.parents:
                raise _file_error(f'{file[:80]!r} is not inside the folder {source}')

    def load(self, name: str, say: Say = _in_silence) -> tuple[SceneGraph, Path]:
        """The graph in the file that somebody on the network names, and its path; `say` as in
        `load_scene_graph`.

        Raises:
            Refusal: the name leads elsewhere, or as `load_scene_graph`.
            SceneGraphError: the text is no scene graph.
        """
        root = self._folder_to_read()
        with _open_entry(root, name, 'cannot read', SUFFIXES) as (path, folder):
            return load_scene_graph(path, folder, say), path

    def _folder_to_read(self) -> Path:
        if self._source is None:
            raise _file_error(
                'there are no packaged graphs in this domain: set graph.directory to the folder of '
                'your own, or graph.file to a path'
            )
        return self._source

    def save(self, graph: SceneGraph, name: str) -> Path:
        """Write a graph to the file that somebody on the network names; '' = the one it is from.

        Raises:
            Refusal: saving is off, the name leads elsewhere, or as `save_scene_graph`.
        """
        if self._target is None:
            raise _file_error(
                'saving is off: set graph.save_directory, in the parameter file or at launch, to '
                'the folder that graphs may be written to'
            )
        if not name and self.file is None:
            raise Refusal(PlanErrorCode.INVALID_REQUEST, 'name a file: the graph was not loaded')
        name = name or str(self.file)
        with _open_entry(self._target, name, 'cannot write', (SUFFIX,)) as (path, folder):
            save_scene_graph(graph, path, folder)
        return path


def load_scene_graph(path: Path, folder: int | None = None, say: Say = _in_silence) -> SceneGraph:
    """Read a scene graph from a file: SPINE JSON, or a map of any kind that can be imported.

    Args:
        path: the file.
        folder: the folder of the file, open; the file may be a link only where none is given.
        say: is told of a map that others made what was read, guessed and left out.

    Raises:
        Refusal: the file cannot be read, is too large or is no text.
        SceneGraphError: the text is no scene graph.
    """
    try:
        if folder is None:
            descriptor = os.open(path, _READ)
        else:
            descriptor = os.open(path.name, _READ | os.O_NOFOLLOW, dir_fd=folder)
    except OSError as error:
        raise _refusal(f'cannot read {path}', error, is_confined=folder is not None) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _file_error(f'cannot read {path}: not a regular file')
        with open(descriptor, 'rb', closefd=False) as file:
            content = file.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise Refusal(
                PlanErrorCode.GRAPH_TOO_LARGE, f'{path} is larger than {MAX_FILE_BYTES} bytes'
            )
        # Only who started the node may name a map that names other files.
        beside = path.parent if folder is None else None
        graph, report = read_graph(content.decode('utf-8-sig'), folder=beside)
        if report.kind != 'spine':
            say(f'{path}: {report.summary}')
        return graph
    except ConfigError as error:  # a library is missing
        raise _file_error(f'cannot read {path}: {error}') from error
    except SceneGraphError as error:
        raise SceneGraphError([f'{path}: {problem}' for problem in error.problems]) from error
    except UnicodeDecodeError as error:
        raise Refusal(PlanErrorCode.INVALID_SCENE_GRAPH, f'{path} is not UTF-8: {error}') from error
    except OSError as error:
        raise _refusal(f'cannot read {path}', error) from error
    finally:
        os.close(descriptor)


def save_scene_graph(graph: SceneGraph, path: Path, folder: int | None = None) -> None:
    """Write a scene graph so that the file is the old one or the new one, whole, whatever happens.

    Args:
        graph: what is written.
        path: the file; what stands there must be a file and no link.
        folder: the folder of the file, open; it is opened where none is given.

    Raises:
        Refusal: the file cannot be written; the old one is untouched.
    """
    try:
        write_whole(path, render_scene_graph(graph, indented=True), folder)
    except OSError as error:
        raise _refusal(f'cannot write {path}', error) from error


def write_whole(path: Path, text: str, folder: int | None = None) -> None:
    """Replace a file whole or not at all, on the disk before this returns.

    Args:
        path: of the file.
        text: what it shall hold.
        folder: the open folder that it is in; None for the one that the path names.

    Raises:
        OSError: it cannot be written; the old one is untouched.
    """
    temporary = f'.{secrets.token_hex(8)}.tmp'
    with contextlib.ExitStack() as stack:
        if folder is None:
            folder = os.open(path.parent, _FOLDER)
            stack.callback(os.close, folder)
        mode = MODE
        with contextlib.suppress(FileNotFoundError):
            old_mode = os.stat(path.name, dir_fd=folder, follow_symlinks=False).st_mode
            if not stat.S_ISREG(old_mode):
                raise OSError(errno.EINVAL, 'not a regular file')
            mode &= old_mode
        descriptor = os.open(temporary, _WRITE, 0o600, dir_fd=folder)
        stack.callback(_remove, temporary, folder)
        with open(descriptor, 'w', encoding='utf-8') as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
            os.fchmod(descriptor, mode)
        os.replace(temporary, path.name, src_dir_fd=folder, dst_dir_fd=folder)


@contextlib.contextmanager
def _open_entry(
    root: Path, name: str, failing: str, suffixes: tuple[str, ...]
) -> Iterator[tuple[Path, int]]:
    """The path that a name from the network stands for, and the open folder that it is in."""
    parts = _parts_of(name, root, suffixes)
    path = root.joinpath(*parts)
    with contextlib.ExitStack() as opened:
        try:
            folder = os.open(root, _FOLDER)
            opened.callback(os.close, folder)
            for part in parts[:-1]:
                folder = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)
                opened.callback(os.close, folder)
        except OSError as error:
            raise _refusal(f'{failing} {path}', error, is_confined=True) from error
        yield path, folder


def _parts_of(name: str, root: Path, suffixes: tuple[str, ...]) -> tuple[str, ...]:
    path = PurePosixPath(name)
    if path.is_absolute() and path.is_relative_to(root):
        path = path.relative_to(root)
    if path.is_absolute() or '..' in path.parts:
        raise _file_error(f'{name[:256]!r} is not inside the folder {root}')
    is_plain = name.isprintable() and not any(part[0] in '.~' for part in path.parts)
    if not (is_plain and path.name.endswith(suffixes)):
        raise _file_error(
            f'expected the name of a {" or ".join(suffixes)} file in {root}, without parts that '
            f'begin with . or ~, got {name[:256]!r}'
        )
    return path.parts


def _existing(parameter: str, directory: str) -> Path:
    path = Path(os.path.expanduser(directory))
    if not path.is_dir():
        raise _file_error(f"expected {parameter} to be a folder, got '{path}'")
    return path.resolve()


def _file_error(sentence: str) -> Refusal:
    return Refusal(PlanErrorCode.FILE_ERROR, sentence)


def _refusal(beginning: str, error: OSError, *, is_confined: bool = False) -> Refusal:
    reason = _OF_LINKS.get(error.errno or 0) if is_confined else None
    return _file_error(f'{beginning}: {reason or error.strerror}')


def _remove(name: str, folder: int) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)
