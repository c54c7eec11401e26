# SPDX-License-Identifier: Apache-2.0
"""Pictures of what came out: each one is there when it has something to show."""

from __future__ import annotations

import sys

import matplotlib.image
import pytest

from prism_core.dataset.plots import draw_plots
from prism_core.dataset.statistics import Statistics
from prism_core.errors import ConfigError

BLUE, ORANGE, GREEN, RED = '#0072B2', '#E69F00', '#009E73', '#D55E00'


def make_statistics() -> Statistics:
    statistics = Statistics(['goto', 'replan'])
    statistics.counts.update(tried=12, good=10, discovery=7, asked=1)
    statistics.tallies['kind'].update({'find': 6, 'count': 4})
    statistics.tallies['family'].update({'park': 9, 'a family with $dollars$ in its name': 1})
    statistics.tallies['regions'].update({'8': 4, '12': 6})
    statistics.tallies['hidden'].update({'0.3': 6, '0.1': 4})
    statistics.tallies['actions_per_episode'].update({'2': 3, '40': 7})
    statistics.tallies['action'].update({'goto': 33})
    statistics.tallies['metres'].update({'0': 4, '50': 6})
    statistics.tallies['dropped'].update({'limit': 2})
    statistics.add_rejections({'find: no object to ask for': 3})
    return statistics


def colors(path) -> set[str]:
    """The colours that fill at least one pixel in a thousand."""
    picture = (matplotlib.image.imread(path)[:, :, :3] * 255).round().astype(int)
    shares = {
        color: (picture == list(bytes.fromhex(color[1:]))).all(axis=2).mean()
        for color in (BLUE, ORANGE, GREEN, RED)
    }
    return {color for color, share in shares.items() if share > 0.001}


def test_each_picture_shows_its_bars(tmp_path):
    written = draw_plots(make_statistics(), tmp_path / 'plots')
    assert [path.name for path in written] == [
        *('tasks.png', 'worlds.png', 'episodes.png', 'dropped.png')
    ]
    shown = {path.stem: colors(path) for path in written}
    assert shown == {
        'tasks': {BLUE, GREEN},
        'worlds': {BLUE},
        'episodes': {BLUE, GREEN, ORANGE},
        'dropped': {ORANGE, RED},
    }


def test_a_picture_with_nothing_to_show_is_left_out_and_an_old_one_is_removed(tmp_path):
    tasks = Statistics(['goto'])
    tasks.counts.update(tasks=3)
    tasks.tallies['kind'].update({'find': 3})
    for old in ('tasks.png', 'episodes.png'):
        (tmp_path / old).touch()
    assert draw_plots(tasks, tmp_path) == [tmp_path / 'tasks.png']
    assert [path.name for path in tmp_path.iterdir()] == ['tasks.png']
    once = (tmp_path / 'tasks.png').read_bytes()
    draw_plots(tasks, tmp_path)
    assert (tmp_path / 'tasks.png').read_bytes() == once
    assert draw_plots(Statistics(), tmp_path) == []
    assert not list(tmp_path.iterdir())


def test_many_values_and_wide_ranges_can_be_drawn(tmp_path):
    statistics = Statistics()
    statistics.tallies['kind'].update({f'kind {i} {"x" * i}': 1 for i in range(90)})
    statistics.tallies['objects'].update({'0': 1, '100000': 1})
    statistics.add_tokens([7])
    assert len(draw_plots(statistics, tmp_path)) == 3


def test_plots_say_what_they_need_and_where_they_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / 'plots').mkdir()
    (tmp_path / 'plots/tasks.png').mkdir()
    with pytest.raises(ConfigError, match='cannot write the picture'):
        draw_plots(make_statistics(), tmp_path / 'plots')
    monkeypatch.setitem(sys.modules, 'matplotlib', None)
    with pytest.raises(ConfigError, match='need matplotlib; run: pip install'):
        draw_plots(make_statistics(), tmp_path / 'more')
