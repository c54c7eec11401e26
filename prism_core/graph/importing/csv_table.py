# SPDX-License-Identifier: Apache-2.0
"""Tables of places in CSV, as a spreadsheet writes them.

A row of column names, then one row a place; `;` between several names in a cell. Columns that are
not known become attributes. The delimiter is the comma, the semicolon or the tab, whichever the
first row has most of; where it is not the comma, numbers may have one.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from prism_core.errors import SceneGraphError
from prism_core.graph.elements import quote
from prism_core.graph.importing.layers import LayerTable
from prism_core.graph.importing.map_text import MapText
from prism_core.graph.importing.report import ImportReport
from prism_core.graph.importing.site import OWN_KEYS, Place, make_place, make_site, take_places
from prism_core.graph.importing.values import clean_attributes
from prism_core.graph.scene_graph import SceneGraph

NAME = 'csv'
LAYERS = LayerTable()
_COLUMNS = 'name, x, y and, where known, z, kind, class, description, seen_from, connected_to'
_DELIMITERS = ',;\t'
_COMMA_NUMBER = re.compile(r'[-+]?\d+,\d+')


def recognise(source: MapText) -> str | None:
    """Why the text is no table of places; None where it is."""
    columns = _split_head(source.text)[0]
    missing = [column for column in ('name', 'x', 'y') if column not in columns]
    return f'its first line names no column {missing[0]}' if missing else None


def read(source: MapText, _: LayerTable, report: ImportReport) -> SceneGraph:
    """Read a table of places.

    Raises:
        SceneGraphError: with one problem, line and value for each row that cannot be read.
    """
    columns, delimiter = _split_head(source.text)
    doubled = [column for column in columns if column and columns.count(column) > 1]
    fault = recognise(source)
    if doubled or fault:
        got = f'column {doubled[0]} twice' if doubled else quote(', '.join(columns))
        raise SceneGraphError(f'line 1: expected the columns {_COLUMNS}, got {got}')
    rows = csv.reader(source.text.splitlines(), delimiter=delimiter, strict=True)
    next(rows)
    try:
        places = take_places(_read_rows(rows, columns, delimiter, report))
    except csv.Error as error:
        raise SceneGraphError(f'line {rows.line_num}: it is no CSV: {error}') from None
    return make_site(places, report)


def _split_head(text: str) -> tuple[list[str], str]:
    """The names of the columns, those that are known in small letters, and the delimiter."""
    head = text.split('\n', 1)[0].strip('\r')
    delimiter = max(_DELIMITERS, key=head.count)
    try:
        (cells,) = csv.reader([head], delimiter=delimiter, strict=True)
    except (csv.Error, ValueError):
        return [], delimiter
    cells = [' '.join(cell.split()) for cell in cells]
    return [cell.lower() if cell.lower() in OWN_KEYS else cell for cell in cells], delimiter


def _read_rows(
    rows: Iterator[list[str]], columns: list[str], delimiter: str, report: ImportReport
) -> Iterator[Place | str]:
    for number, cells in enumerate(rows, start=2):
        said = {column: cell.strip() for column, cell in zip(columns, cells) if cell.strip()}
        where = f'line {number}'
        if not any(map(str.strip, cells)):
            continue
        if len(cells) > len(columns) or 'name' not in said:
            yield f'{where}: expected a name and at most {len(columns)} cells, got {quote(cells)}'
            continue
        numbers, wrong = [], ''
        for axis in [axis for axis in 'xyz' if axis in said]:
            cell = said[axis]
            if delimiter != ',' and _COMMA_NUMBER.fullmatch(cell):
                cell = cell.replace(',', '.')
            try:
                numbers.append(float(cell))
            except ValueError:
                wrong = wrong or f'{axis}: expected a number of metres, got {quote(said[axis])}'
        if not wrong and numbers and not ('x' in said and 'y' in said):
            wrong = 'expected both x and y, or neither where the place is not known'
        if wrong:
            yield f'{where}: {wrong}'
            continue
        kept = {key: value for key, value in said.items() if key not in OWN_KEYS}
        kept = clean_attributes(kept, said['name'], report)
        yield make_place(where, said['name'], numbers, said, kept)
