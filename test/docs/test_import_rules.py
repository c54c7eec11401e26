# SPDX-License-Identifier: Apache-2.0
"""Which room may import which: the direction of the README's picture, for every file."""

from __future__ import annotations

import sys

import pytest

from .sources import CORE, imports_of

# Each room of prism_core, a folder or a file, and what it may import: only what stands above it, so
# that nothing leads back. A file with a row of its own is no part of its folder's. Each domain is a
# room of its own, and in nobody's row but in that of its own commands.
_TYPES = 'errors text json_text graph plan episode dialects'
_SETTINGS = 'files yaml_text config_file words_file'
_DATA = f'{_TYPES} {_SETTINGS} gguf_info inference inference.text_model domain'
_ROOMS = f"""
errors:
text:
json_text: errors
files: errors
installing:
mcap_file: errors
yaml_text: errors
config_file: errors files yaml_text
words_file: errors files config_file
graph: errors text json_text
graph.importing: errors installing json_text yaml_text files graph
plan: errors text json_text graph
gguf_info: errors files plan
episode: errors text graph plan
dialects: errors text json_text graph plan episode
mission: errors graph plan episode
inference.text_model: plan dialects
inference.call_stats: dialects
inference.suspicion: text graph plan episode
domain: {_TYPES} inference.text_model inference.suspicion
testing.doubles: {_TYPES} inference.text_model
testing.planners: {_TYPES}
dataset.chat_records: errors json_text graph dialects
domains: {_TYPES} files config_file inference.text_model inference.suspicion domain
    dataset.chat_records
inference.endpoint: errors plan episode dialects inference.text_model
inference.local: errors files gguf_info plan dialects inference.text_model inference.call_stats
inference.child: errors installing plan episode dialects inference.text_model
inference: {_TYPES} files config_file gguf_info domain inference.text_model inference.call_stats
    inference.suspicion inference.endpoint inference.local inference.child
pictures: errors installing text graph plan episode domain
pictures.terminal_import: graph graph.importing
watch: errors json_text graph plan episode inference.endpoint pictures
dataset: {_DATA} installing inference.endpoint testing.doubles testing.planners pictures
    dataset.chat_records mission
testing: {_TYPES} domain inference.local dataset testing.doubles testing.planners
distill: {_DATA} dataset
evaluation: {_DATA} inference.call_stats inference.suspicion inference.local pictures dataset
pipeline: {_DATA} dataset distill evaluation
iteration: {_DATA} pictures dataset distill evaluation pipeline
bench: {_DATA} installing inference.call_stats inference.local inference.child
pictures.terminal_bench: bench
pictures.terminal_data: errors episode pictures dataset
pictures.terminal_scores: evaluation
cli: {_DATA} installing graph.importing inference.endpoint inference.local dataset
    dataset.chat_records distill evaluation pipeline iteration bench pictures
    pictures.terminal_bench pictures.terminal_data pictures.terminal_import pictures.terminal_scores
commands: {_DATA} domains dataset inference.endpoint pictures evaluation cli
__init__: {_TYPES} graph.importing inference.text_model inference.call_stats inference.suspicion
    domain
"""
# Packages from elsewhere, and the rooms or files that need each.
_PACKAGES = """
click: cli commands pictures.terminal_data
datasketch: dataset.duplicates
gguf: distill
jinja2: inference.local.chat_template
llama_cpp: inference.local.llama_cpp distill.llama_cpp_model distill.random_model
llguidance: inference.local.grammar
matplotlib: pictures
mcap: mcap_file
msgspec: config_file domains dataset evaluation iteration
networkx: graph graph.importing domains dataset.statistics
numpy: graph.importing.occupancy graph.importing.site bench dataset distill evaluation
    inference.local
PIL: graph.importing.occupancy
scipy: graph.importing.occupancy
openai: inference.endpoint.client
peft: distill.extract distill.fast_lora distill.merge distill.models
plotext: pictures.terminal
ray: dataset.runner
rich: cli commands pictures
safetensors: distill
spark_dsg: graph.importing.hydra
tenacity: inference.endpoint.teacher_api
tokenizers: cli.bench dataset distill inference.local.grammar
torch: distill domains.household.sprint.critic inference.local.transformers_model
    iteration.losses
transformers: distill inference.local.transformers_model
yaml: config_file yaml_text dataset distill pipeline.publishing
"""
LATE = {'matplotlib', 'mcap', 'peft', 'plotext', 'ray', 'spark_dsg'}  # only inside a function
NETWORK = {'http', 'smtplib', 'socket', 'socketserver', 'ssl', 'urllib'}
NETWORKED = ('inference.endpoint', 'inference.serve', 'watch')
# What the rooms of types never touch: files, processes, the clock.
NOT_IN_TYPES = {'io', 'os', 'pathlib', 'secrets', 'shutil', 'subprocess', 'tempfile', 'time'}
# What of the packages is loaded, by whichever way, with what starts quickly or on a robot.
LOADED = {
    '__init__': {'networkx'},
    'cli.main': {'networkx', 'click'},
    'domains.household.domain': {'networkx'},
    'domains.mapping.domain': {'networkx'},
    'domains.tabletop.domain': {'networkx'},
    'inference.student': {'networkx'},
    'inference.child.engine_child': {'networkx'},
    'inference.local.llama_cpp': {'networkx', 'jinja2', 'llama_cpp', 'llguidance', 'numpy'},
}


def read_table(text: str) -> dict[str, list[str]]:
    rows = text.replace('\n ', ' ').strip().split('\n')
    return {name: words.split() for name, _, words in (row.partition(':') for row in rows)}


ROOMS, PACKAGES = read_table(_ROOMS), read_table(_PACKAGES)


def is_in(module: str, rooms) -> bool:
    return any(module == room or module.startswith(f'{room}.') for room in rooms)


def room_of(module: str) -> str:
    """The longest row that a module is in; '' where there is none."""
    if module.startswith('domains.') and module.split('.')[2:3] == ['commands']:
        return 'commands'
    return max((room for room in ROOMS if is_in(module, [room])), key=len, default='')


def may_import(module: str, other: str) -> bool:
    room, its_room = room_of(module), room_of(other)
    if its_room in ('domains', 'commands'):
        in_domain = module.split('.')[:2] == other.split('.')[:2]
        return in_domain and (room == its_room or its_room in ROOMS[room])
    return room == its_room or its_room in ROOMS[room]


def test_every_room_stands_below_what_it_may_import():
    rows = list(ROOMS)
    assert [(a, b) for a in rows for b in ROOMS[a] if b not in rows[: rows.index(a)]] == []


@pytest.mark.parametrize('module', CORE)
def test_module_imports_only_what_its_room_may(module):
    assert room_of(module), f'{CORE[module]}: no row of the table says what it may import'
    wrong = []
    for found in imports_of(CORE[module]):
        if found.of_core:
            fits = may_import(module, found.of_core)
        elif found.package in sys.stdlib_module_names:
            fits = found.package not in NETWORK or is_in(module, NETWORKED)
            fits &= found.package not in NOT_IN_TYPES or room_of(module) not in _TYPES.split()
        else:
            rooms = PACKAGES.get(found.package, ())
            fits = is_in(module, rooms) or room_of(module) in rooms
            fits &= found.package not in LATE or found.is_late
        wrong += [] if fits else [f'{CORE[module]}:{found.line}: {found.module}']
    assert wrong == []


def test_no_modules_import_each_other_in_a_circle():
    graph = {m: {f.of_core for f in imports_of(CORE[m]) if not f.is_late} for m in CORE}
    while free := [module for module, others in graph.items() if not others & graph.keys()]:
        graph = {module: others for module, others in graph.items() if module not in free}
    assert graph == {}


@pytest.mark.parametrize('module', LOADED)
def test_what_starts_quickly_or_on_a_robot_loads_nothing_heavy(module):
    todo, loaded_by = [module, '__init__'], {module: '', '__init__': ''}
    while todo:
        importer = todo.pop()
        for found in imports_of(CORE[importer]):
            other = found.of_core or found.package
            if not found.is_late and other not in loaded_by:
                loaded_by[other] = importer
                todo += [other] if found.of_core else []
    wrong = PACKAGES.keys() & loaded_by.keys() - LOADED[module]
    assert {package: loaded_by[package] for package in wrong} == {}
