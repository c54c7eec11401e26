# SPDX-License-Identifier: Apache-2.0
"""A site as each kind of map says it: written by the libraries of the formats where there are such,
and else after their public documentation. The site: an office, a kitchen and a corridor between
them, where a robot stands; a fridge with a mug in it, and an office chair.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import networkx as nx
import pytest

from prism_core import ImportReport

ROOMS = {'corridor': (0.0, 0.0), 'kitchen': (4.0, 0.0), 'office': (0.0, 5.0)}
WAYS = (('corridor', 'kitchen'), ('corridor', 'office'))


def hydra(folder: Path, side: int = 1) -> str:
    """With `spark_dsg`: each room with `side` times `side` places, a chair and a robot's poses."""
    import numpy as np
    import spark_dsg as dsg

    graph = dsg.DynamicSceneGraph()
    graph.set_labelspace(dsg.Labelspace({0: 'office chair', 1: 'fridge'}), 2)
    graph.set_labelspace(dsg.Labelspace(dict(enumerate(ROOMS))), 4)

    def add(layer: int, symbol: Any, attributes: Any, x: float, y: float, *partition: Any) -> int:
        attributes.position = np.array([x, y, 0.5])
        assert graph.add_node(layer, symbol, attributes, *partition)
        return symbol.value

    building = add(5, dsg.NodeSymbol('B', 0), dsg.SemanticNodeAttributes(), 0, 0)
    doors: list[int] = []
    for number, (name, (x, y)) in enumerate(ROOMS.items()):
        said = dsg.RoomNodeAttributes()
        said.name, said.semantic_label = name, number
        room = add(4, dsg.NodeSymbol('R', number), said, x, y)
        graph.insert_edge(room, building)
        places: list[int] = []
        for index in range(side * side):
            symbol = dsg.NodeSymbol('p', number * side * side + index)
            at = (x + index % side * 0.1, y + index // side * 0.1)
            place = add(3, symbol, dsg.PlaceNodeAttributes(), *at)
            graph.insert_edge(room, place)
            if index % side:
                graph.insert_edge(places[-1], place)
            if index >= side:
                graph.insert_edge(places[-side], place)
            places.append(place)
        doors.append(places[0])
        if number:
            graph.insert_edge(doors[0], doors[-1])
        chair = dsg.ObjectNodeAttributes()
        chair.name, chair.semantic_label = 'thing', 0
        chair.bounding_box = dsg.BoundingBox(np.ones(3), np.array([x, y, 0.5]))
        graph.insert_edge(places[-1], add(2, dsg.NodeSymbol('O', number), chair, x + 1, y))
    for step in range(3):
        robot = dsg.AgentNodeAttributes()
        # The library leaves these as they were in memory, where NaN is written as null.
        robot.world_R_body, robot.external_key = dsg.Quaternion(1.0, 0.0, 0.0, 0.0), step
        add(2, dsg.NodeSymbol('a', step), robot, 0, step - 2, dsg.PartitionId('a'))
    graph.metadata.add({'site': 'lab'})
    file = folder / 'hydra.json'
    graph.save(str(file), False)
    return file.read_text('utf-8')


def hydra_site(folder: Path, rooms: int = 200) -> Path:
    """With `spark_dsg`: rooms in a square, each with 35 places in a grid and 14 objects."""
    import numpy as np
    import spark_dsg as dsg

    things = ['office chair', 'desk', 'monitor', 'plant', 'trash can', 'fire extinguisher']
    graph = dsg.DynamicSceneGraph()
    graph.set_labelspace(dsg.Labelspace(dict(enumerate(things))), 2)
    graph.set_labelspace(dsg.Labelspace(dict(enumerate(ROOMS))), 4)
    side = math.isqrt(rooms - 1) + 1

    def add(layer: int, sign: str, number: int, said: Any, x: float, y: float, label: int) -> int:
        said.position, said.semantic_label = np.array([x, y, 0.5]), label
        symbol = dsg.NodeSymbol(sign, number)
        graph.add_node(layer, symbol, said)
        return symbol.value

    made: list[tuple[int, list[int]]] = []
    for room in range(rooms):
        x, y = room % side * 8.0, room // side * 8.0
        here = add(4, 'R', room, dsg.RoomNodeAttributes(), x, y, room % len(ROOMS))
        places: list[int] = []
        for step in range(35):
            at = (x + step % 7 - 3, y + step // 7 * 1.2 - 3)
            said = dsg.PlaceNodeAttributes()
            places.append(add(3, 'p', room * 35 + step, said, *at, 2**32 - 1))
            graph.insert_edge(places[-1], here)
            if step % 7:
                graph.insert_edge(places[-2], places[-1])
            if step >= 7:
                graph.insert_edge(places[-8], places[-1])
        for step in range(14):
            said, label = dsg.ObjectNodeAttributes(), (room + step) % len(things)
            thing = add(2, 'O', room * 14 + step, said, x + step % 7 - 3, y, label)
            graph.insert_edge(places[step], thing)
        for other in ([room - 1] if room % side else []) + ([room - side] if room >= side else []):
            graph.insert_edge(made[other][0], here)
            graph.insert_edge(made[other][1][-1], places[0])
        made.append((here, places))
    file = folder / 'site.json'
    graph.save(str(file), False)
    return file


def networkx_graph() -> nx.DiGraph:
    """With relations between all, ways in both directions."""
    graph = nx.DiGraph(frame_id='map')
    for name, (x, y) in ROOMS.items():
        graph.add_node(name, layer='room', x=x, y=y)
    for a, b in WAYS:
        graph.add_edge(a, b, relation='connected to', length_m=math.dist(ROOMS[a], ROOMS[b]))
        graph.add_edge(b, a, relation='connected to')
    graph.add_node('fridge', layer='object', type='fridge', state='closed')
    graph.add_node('mug 1', layer='object', type='mug')
    graph.add_node('HX-201', layer='object', type='office chair')
    graph.add_node('spot', layer='robot')
    graph.add_edge('fridge', 'kitchen', relation='in')
    graph.add_edge('mug 1', 'fridge', relation='inside')
    graph.add_edge('HX-201', 'office', relation='in')
    graph.add_edge('spot', 'corridor', relation='in')
    return graph


def node_link(edges: str = 'links') -> str:
    """As `networkx.node_link_data` writes it, edges under its old name or its new one, `edges`."""
    data = nx.node_link_data(networkx_graph())
    found = data.pop('links') if 'links' in data else data.pop('edges')
    return json.dumps(data | {edges: found})


def graphml() -> str:
    """As networkx writes it."""
    return '\n'.join(nx.generate_graphml(networkx_graph()))


def virtualhome() -> str:
    """After https://github.com/xavierpuigf/virtualhome/tree/master/virtualhome/simulation."""
    nodes = [
        _vh_node(11, 'kitchen', 'Rooms', [4.0, 1.0, 0.0]),
        _vh_node(12, 'corridor', 'Rooms', [0.0, 1.0, 0.0]),
        _vh_node(13, 'office', 'Rooms', [0.0, 1.0, 5.0]),
        _vh_node(1, 'character', 'Characters', [0.5, 1.0, 0.0]),
        _vh_node(20, 'door', 'Doors', [2.0, 1.0, 0.0], 'OPEN'),
        _vh_node(21, 'door', 'Doors', [0.0, 1.0, 2.5], 'CLOSED'),
        _vh_node(30, 'fridge', 'Appliances', [5.0, 1.0, 0.0], 'CLOSED'),
        _vh_node(31, 'mug', 'Props', [5.0, 1.0, 0.0]),
        _vh_node(32, 'book', 'Props', None),
        _vh_node(40, 'floor', 'Floor', [4.0, 0.0, 0.0]),
        _vh_node(41, 'chair', 'Furniture', [1.0, 0.0, 5.0]),
    ]
    edges = [
        *_vh_edges('INSIDE', (1, 12), (30, 11), (31, 11), (31, 30), (41, 13), (40, 11)),
        *_vh_edges('BETWEEN', (20, 11), (20, 12), (21, 12), (21, 13)),
        *_vh_edges('HOLDS_RH', (1, 32)),
        *_vh_edges('CLOSE', (1, 41), (41, 1)),
        *_vh_edges('ON', (30, 40)),
    ]
    return json.dumps({'nodes': nodes, 'edges': edges})


def _vh_node(key: int, name: str, category: str, center: Any, *states: str) -> dict[str, Any]:
    box = None if center is None else {'center': center, 'size': [1.0, 1.0, 1.0]}
    said = {'id': key, 'class_name': name, 'category': category, 'states': list(states)}
    return {**said, 'properties': [], 'bounding_box': box}


def _vh_edges(relation: str, *pairs: tuple[int, int]) -> list[dict[str, Any]]:
    return [{'from_id': a, 'to_id': b, 'relation_type': relation} for a, b in pairs]


def matterport() -> str:
    """After https://github.com/peteanderson80/Matterport3DSimulator/tree/master/connectivity; the
    last viewpoint is not part of it.
    """
    ids = [f'{name[:2]}{number:030x}' for number, name in enumerate((*ROOMS, 'spare'))]
    free = {(0, 1), (1, 0), (0, 2), (2, 0), (0, 3), (3, 0)}
    data = []
    for index, (x, y) in enumerate((*ROOMS.values(), (9.0, 9.0))):
        ways = [(index, other) in free for other in range(4)]
        pose = [1.0, 0.0, 0.0, x, 0.0, 1.0, 0.0, y, 0.0, 0.0, 1.0, 1.4, 0.0, 0.0, 0.0, 1.0]
        said = {'image_id': ids[index], 'pose': pose, 'included': index < 3, 'height': 1.38}
        data.append({**said, 'visible': ways, 'unobstructed': ways})
    return json.dumps(data)


def nav2() -> str:
    """After https://github.com/ros-navigation/navigation2/blob/main/nav2_route/README.md."""
    features = [
        _feature('Point', list(at), id=number, frame='map', metadata={'class': name})
        for number, (name, at) in enumerate(ROOMS.items())
    ]
    ids = list(ROOMS)
    for number, (a, b) in enumerate((*WAYS, WAYS[0][::-1]), start=100):
        line = [[list(ROOMS[a]), list(ROOMS[b])]]
        ends = {'startid': ids.index(a), 'endid': ids.index(b)}
        features.append(_feature('MultiLineString', line, id=number, cost=6.5, **ends))
    return json.dumps({'type': 'FeatureCollection', 'name': 'lab', 'features': features})


def _feature(shape: str, coordinates: list, **properties: Any) -> dict[str, Any]:
    geometry = {'type': shape, 'coordinates': coordinates}
    return {'type': 'Feature', 'properties': properties, 'geometry': geometry}


def sayplan() -> str:
    """After https://arxiv.org/abs/2307.06135, appendices K and L."""
    assets = [
        {'id': 'fridge', 'room': 'kitchen', 'state': 'closed', 'affordances': ['open', 'close']},
        {'id': 'desk2', 'room': 'office', 'state': 'free', 'affordances': ['release']},
    ]
    mug = {'id': 'coffee_mug', 'state': 'inside_of(fridge)', 'attributes': 'blue'}
    nodes = {
        'room': [{'id': name} for name in ROOMS],
        'pose': [{'id': 'pose1'}],
        'agent': [{'id': 'agent', 'location': 'corridor'}],
        'asset': assets,
        'object': [mug, {'id': 'stapler'}],
    }
    links = ['corridor↔kitchen', 'corridor↔pose1', 'pose1↔office', 'corridor↔agent']
    links += ['kitchen↔fridge', 'office↔desk2', 'fridge↔coffee_mug', 'desk2↔stapler']
    return json.dumps({'nodes': nodes, 'links': links}, ensure_ascii=False)


def nested() -> str:
    """As language models write a home: no ids, no positions, no ways."""
    fridge = {'name': 'fridge', 'state': 'closed', 'objects': ['mug', {'name': 'milk'}]}
    rooms = [
        {'name': 'kitchen', 'furniture': [fridge]},
        {'name': 'living room', 'assets': [{'name': 'sofa', 'objects': [{'name': 'cushion'}]}]},
    ]
    return json.dumps({'rooms': rooms, 'robot': {'name': 'spot', 'room': 'kitchen'}})


def waypoints() -> str:
    """As Nav2's RViz panel saves named waypoints, by name."""
    rows = [f'  - {{name: {name}, x: {x}, y: {y}}}' for name, (x, y) in ROOMS.items()]
    return 'waypoints:\n' + '\n'.join(rows) + '\n'


def csv() -> str:
    """A table as people keep one."""
    rows = [f'{name},{x},{y},region,' for name, (x, y) in ROOMS.items()]
    return '\n'.join(['name,x,y,kind,seen_from', *rows, 'fridge,5,0,object,kitchen', ''])


def spine() -> str:
    """Our own."""
    data = {
        'regions': [{'name': name, 'coords': list(at)} for name, at in ROOMS.items()],
        'objects': [{'name': 'fridge', 'coords': [5, 0]}, {'name': 'mug', 'coords': None}],
        'region_connections': list(WAYS),
        'object_connections': [['fridge', 'kitchen']],
        'placements': [['in', 'mug', 'fridge']],
        'robot_location': 'corridor',
    }
    return json.dumps(data)


SAMPLES = {
    'spine': spine,
    'networkx': node_link,
    'graphml': graphml,
    'virtualhome': virtualhome,
    'matterport': matterport,
    'nav2': nav2,
    'sayplan': sayplan,
    'waypoints': waypoints,
    'csv': csv,
}
"""One of each kind that needs no library of its own."""


def take(samples: dict[str, str], kind: str) -> str:
    """The sample of a kind; the test is skipped where the library that writes it is not there."""
    if kind not in samples:
        pytest.skip('needs spark-dsg')
    return samples[kind]


def noted(report: ImportReport, section: str) -> dict[str, int]:
    """How often what was noted in a section of a report."""
    return {row.what: row.count for row in report.rows if row.section == section}
