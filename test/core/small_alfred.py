# SPDX-License-Identifier: Apache-2.0
"""A kitchen of our own making in the form of ALFRED's rows: four trajectories."""

from __future__ import annotations

import json
from pathlib import Path

CUP, KNIFE, APPLE = (
    'Cup|+01.00|+01.00|+00.00',
    'Knife|+01.10|+01.00|+00.00',
    'Apple|+00.00|+01.00|+05.00',
)
MUG, SINK, SHELF = (
    'Mug|+01.20|+01.00|+00.00',
    'Sink|+02.00|+00.90|+02.00|SinkBasin',
    'Shelf|+03.00|+01.50|+00.00',
)
FORK = 'Fork|+00.10|+01.00|+05.00'
COUNTER, TABLE = 'CounterTop|+01.00|+00.90|+00.00', 'DiningTable|+00.00|+00.90|+05.00'
SLICE = f'{APPLE}|AppleSliced_1'
_OBJECTS = (
    ('Cup_1', CUP),
    ('Knife_1', KNIFE),
    ('Apple_1', APPLE),
    ('Mug_1', MUG),
    ('Fork_1', FORK),
)


def go(place: str) -> dict:
    return {'action': 'GotoLocation', 'args': [place], 'loc': [0.0, 0.0, 0, 30]}


def take(thing: str, at: str) -> dict:
    words, *spot = at.split('|')[:4]
    return {'action': 'PickupObject', 'args': [_lower(thing)], 'object': thing,
            'from': [words, *map(float, spot)]}  # fmt: skip


def put(thing: str, at: str) -> dict:
    return {'action': 'PutObject', 'args': [_lower(thing), _lower(at)], 'object': thing,
            'receptacle': at}  # fmt: skip


def _lower(identifier: str) -> str:
    return identifier.split('|')[0].lower()


def make_row(name: str, kind: str, wanted: dict, plan: list, low: list, anns: list) -> dict:
    goal = {'mrecep_target': '', 'object_sliced': False, 'object_target': '', 'parent_target': '',
            'toggle_target': ''}  # fmt: skip
    objects = [[words, *map(float, i.split('|')[1:4])] for words, i in _OBJECTS]
    told = [{'task_desc': goal_text, 'high_descs': steps} for goal_text, steps in anns]
    return {
        'task': name, 'split': 'train', 'task_type': kind, 'pddl_params': {**goal, **wanted},
        'floor_plan': 'FloorPlan1', 'init': [1.0, 1.0, 0, 30], 'objects': objects, 'plan': plan,
        'low': low, 'anns': told,
    }  # fmt: skip


CLEAN = make_row(
    'clean-cup/1',
    'pick_clean_then_place_in_recep',
    {'object_target': 'Cup', 'parent_target': 'Shelf'},
    [
        *(go('countertop'), take(CUP, COUNTER), go('sinkbasin')),
        {'action': 'CleanObject', 'args': ['cup'], 'object': CUP},
        *(go('shelf'), put(CUP, SHELF)),
    ],
    [[1, 'pick', CUP], [3, 'put', CUP, SINK], [3, 'on', 'Faucet|+02.00|+01.10|+02.00'],
     [3, 'off', 'Faucet|+02.00|+01.10|+02.00'], [3, 'pick', CUP], [5, 'put', CUP, SHELF]],
    [
        (
            'Put a clean cup on the shelf.',
            ['Walk to the counter.', 'Pick up the glass.', 'Turn to the sink.',
             'Wash the glass in the sink', 'Go left to the shelf.', 'Put the glass on the shelf.'],
        ),
        ('Tidy up.', ['Pick up the cup.', 'Wash it.']),
    ],
)  # fmt: skip
SLICED = make_row(
    'slice-apple/1',
    'pick_and_place_simple',
    {'object_target': 'Apple', 'object_sliced': True, 'parent_target': 'CounterTop'},
    [
        *(go('countertop'), take(KNIFE, COUNTER), go('apple')),
        {'action': 'SliceObject', 'args': ['apple'], 'object': APPLE},
        *(put(KNIFE, TABLE), take(SLICE, TABLE), go('countertop'), put(SLICE, COUNTER)),
    ],
    [],
    [
        (
            'Put a slice of apple on the counter.',
            ['Go to the counter.', 'Take the knife.', 'Turn to the table.', 'Cut the apple.',
             'Put the knife on the table.', 'Take a slice of the apple.', 'Go back.',
             'Put the slice on the counter.'],
        )
    ],
)  # fmt: skip
MOVED = make_row(
    'move-mug/1',
    'pick_and_place_simple',
    {'object_target': 'Mug', 'parent_target': 'DiningTable'},
    [go('countertop'), take(MUG, COUNTER), go('diningtable'), put(MUG, TABLE)],
    [],
    [
        (
            'Bring the mug to the table.',
            ['Go to the counter.', 'Grab the mug.', 'Go to the table.', 'Set it on the table.'],
        )
    ],
)
SUNK = make_row(
    'sink-fork/1',
    'pick_and_place_simple',
    {'object_target': 'Fork', 'parent_target': 'SinkBasin'},
    [
        *(go('diningtable'), take(FORK, TABLE), go('sinkbasin')),
        {**put(FORK, SINK), 'receptacle_at': ['SinkBasin', 2.0, 0.9, 2.0]},
    ],
    [],
    [('Put the fork in the sink.', ['Go.', 'Take the fork.', 'Go.', 'Put it into the sink.'])],
)
ROWS = (CLEAN, SLICED, MOVED, SUNK)


def write_rows(path: Path) -> Path:
    path.write_text(''.join(f'{json.dumps(row)}\n' for row in ROWS), 'utf-8')
    return path
