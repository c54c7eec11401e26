# SPDX-License-Identifier: Apache-2.0
"""Maps that others made, as scene graphs: one file a format, one row each in `kinds`."""

from __future__ import annotations

from pathlib import Path

from prism_core.errors import ConfigError, SceneGraphError
from prism_core.files import read_text
from prism_core.graph.importing.kinds import KINDS, GraphKind
from prism_core.graph.importing.layers import LayerTable
from prism_core.graph.importing.map_text import MapText
from prism_core.graph.importing.report import ImportReport
from prism_core.graph.scene_graph import SceneGraph


def import_graph(
    path: Path, kind: str | None = None, layers: Path | None = None
) -> tuple[SceneGraph, ImportReport]:
    """Read a map of any kind from a file.

    Args:
        path: the file.
        kind: one of `KINDS`; None to tell it by the content.
        layers: a YAML file with changes of the kind's layer table; None for the table as it is.

    Raises:
        ConfigError: a file cannot be read, there is no such kind, or the table is wrong.
        SceneGraphError: the text is of no kind, with why it is none of that which its name says,
            or of each; or it cannot be read.
    """
    try:
        return _read(MapText(read_text(path), path.parent), kind, layers, path.suffix.lower())
    except SceneGraphError as error:
        raise SceneGraphError([f'{path}: {problem}' for problem in error.problems]) from error


def read_graph(
    text: str,
    kind: str | None = None,
    layers: Path | None = None,
    folder: Path | None = None,
) -> tuple[SceneGraph, ImportReport]:
    """Read a map of any kind from a text; as `import_graph`.

    Files that the text names are read from `folder` on; None refuses a text that names any.
    """
    return _read(MapText(text, folder), kind, layers)


def _read(
    source: MapText, kind: str | None, layers: Path | None, suffix: str = ''
) -> tuple[SceneGraph, ImportReport]:
    found = _find_kind(source, suffix) if kind is None else KINDS.get(kind)
    if found is None:
        raise ConfigError(f"there is no kind of map '{kind}'; expected one of {', '.join(KINDS)}")
    table = found.layers if layers is None else _read_table(found, layers)
    report = ImportReport(found.name)
    return found.read(source, table, report), report


def _find_kind(source: MapText, suffix: str) -> GraphKind:
    why: dict[str, list[str]] = {}
    for kind in KINDS.values():
        reason = kind.recognise(source)
        if reason is None:
            return kind
        why.setdefault(reason, []).append(kind.name)
    if source.fault and source.text.lstrip().startswith(('{', '[')):
        raise SceneGraphError(source.fault)
    named = next((kind for kind in KINDS.values() if suffix in kind.suffixes), None)
    if named is not None:
        reason = next(reason for reason, names in why.items() if named.name in names)
        raise SceneGraphError(f'expected {named.what}: {reason}; see docs/maps.md')
    reasons = '; '.join(f'{", ".join(names)}: {reason}' for reason, names in why.items())
    raise SceneGraphError(f'no kind of map that can be read ({reasons}); see docs/maps.md')


def _read_table(kind: GraphKind, path: Path) -> LayerTable:
    from prism_core.yaml_text import load_yaml

    try:
        return kind.layers.changed(load_yaml(read_text(path)), str(path))
    except ConfigError as error:
        said = str(error)
        raise ConfigError(said if said.startswith(str(path)) else f'{path}: {said}') from error
