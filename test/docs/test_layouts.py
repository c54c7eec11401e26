# SPDX-License-Identifier: Apache-2.0
"""The layouts for RViz and Foxglove name what our nodes have, as the interface page lists it.

Neither program is at hand here: what is tested is that the files can be read, that each panel of
a layout has its settings, and that topics and services are those of the page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
import yaml

from .sources import ROOT

RVIZ = yaml.safe_load((ROOT / 'config/rviz/prism.rviz').read_text('utf-8'))
FOXGLOVE = json.loads((ROOT / 'config/foxglove/prism.json').read_text('utf-8'))
ROW = re.compile(r'^\| (publishes|follows|service|action) \| `([^`]+)` \| `?\[?([^`\]|]+)', re.M)
OFFERS = {
    (how, f'/{name.strip("/")}'): kind.strip()
    for how, name, kind in ROW.findall((ROOT / 'docs/interface.md').read_text('utf-8'))
}


def topics_of_rviz() -> Iterator[tuple[str, dict]]:
    """What RViz follows or publishes, and the settings of each."""
    manager = RVIZ['Visualization Manager']
    for how, parts in (('publishes', manager['Displays']), ('follows', manager['Tools'])):
        yield from ((how, part['Topic']) for part in parts if 'Topic' in part)


def panels_in(layout) -> Iterator[str]:
    if isinstance(layout, str):
        yield layout
    else:
        yield from panels_in(layout['first'])
        yield from panels_in(layout['second'])


def names_in_foxglove() -> Iterator[tuple[str, str, str]]:
    """Panel, how its name is offered, and the name."""
    for panel, config in FOXGLOVE['configById'].items():
        for name in config.get('topics', ()):
            yield panel, 'publishes', name
        for key in ('topicPath', 'topicToRender'):
            if key in config:
                yield panel, 'publishes', config[key]
        if 'serviceName' in config:
            yield panel, 'service', config['serviceName']


def test_the_interface_page_lists_offers():
    assert OFFERS['publishes', '/scene_graph/markers'] == 'visualization_msgs/MarkerArray'
    assert OFFERS['service', '/stop'] == 'std_srvs/Trigger'
    assert len(OFFERS) > 20


@pytest.mark.parametrize(('how', 'topic'), [*topics_of_rviz()], ids=lambda part: str(part)[:40])
def test_rviz_names_topics_of_the_interface(how, topic):
    assert (how, topic['Value']) in OFFERS


def test_rviz_shows_the_markers_to_who_comes_late_in_the_frame_of_the_graph():
    manager = RVIZ['Visualization Manager']
    (markers,) = [part for part in manager['Displays'] if part['Class'].endswith('MarkerArray')]
    assert markers['Topic']['Durability Policy'] == 'Transient Local'
    assert markers['Topic']['Reliability Policy'] == 'Reliable'
    assert manager['Global Options']['Fixed Frame'] == 'map'


@pytest.mark.parametrize(('panel', 'how', 'name'), [*names_in_foxglove()])
def test_foxglove_names_topics_and_services_of_the_interface(panel, how, name):
    assert (how, name) in OFFERS, panel


def test_each_panel_of_foxglove_stands_once_in_the_layout_and_shows_something():
    panels = list(panels_in(FOXGLOVE['layout']))
    assert sorted(panels) == sorted(FOXGLOVE['configById'])
    assert {panel for panel, _, _ in names_in_foxglove()} == set(panels)
