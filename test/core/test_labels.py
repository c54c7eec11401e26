# SPDX-License-Identifier: Apache-2.0
"""Names on the map that the terminal shows."""

from hypothesis import given
from hypothesis import strategies as st

from prism_core.pictures.labels import place_labels

COLUMNS, ROWS = 60, 12
CELLS = st.dictionaries(
    st.text('abc_', min_size=1, max_size=20),
    st.tuples(st.integers(0, COLUMNS - 1), st.integers(0, ROWS - 1)),
    max_size=25,
)


def spans_of(labels):
    """The characters that each label takes: row, first and last column."""
    for name, (column, row) in labels.items():
        start = column - len(name) // 2
        yield name, row, start, start + len(name) - 1


@given(CELLS)
def test_no_name_covers_another_or_leaves_the_map(cells):
    shown = [*spans_of(place_labels(cells, cells, COLUMNS, ROWS))]
    for number, (_, row, start, end) in enumerate(shown):
        assert start >= 0
        assert end < COLUMNS
        assert row in range(ROWS)
        assert all(row != r or end < s or e < start for _, r, s, e in shown[:number])


@given(CELLS)
def test_who_comes_first_is_shown_and_at_most_two_rows_from_its_place(cells):
    labels = place_labels(cells, cells, COLUMNS, ROWS)
    assert [*labels][:1] == [*cells][:1]
    assert all(abs(row - cells[name][1]) <= 2 for name, (_, row) in labels.items())


def test_names_at_one_place_stand_above_and_below_each_other():
    cells = dict.fromkeys(('gate', 'dock', 'yard', 'road', 'pier', 'quay'), (10, 5))
    labels = place_labels(cells, cells, COLUMNS, ROWS)
    assert {row for _, row in labels.values()} == {3, 4, 5, 6, 7}
    assert 'quay' not in labels  # no room
