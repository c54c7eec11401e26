# SPDX-License-Identifier: Apache-2.0
"""Every place in the nodes and the server that opens a path or looks code up by its name.

Requests come from anybody on the network. What they say must not reach such a place, and the table
says of each why it does not. A new place fails the test until somebody has thought about it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# What answers requests: the nodes, the server, and the planners that they find by entry point.
ANSWERS = (
    'prism_ros.scene_graph_node',
    'prism_ros.planner_node',
    'prism_ros.planner_over_ros',
    'prism_ros.executor_node',
    'prism_ros.mock_skills_node',
    'prism_ros.nav2_skills_node',
    'prism_core.inference.serve',
    'prism_core.watch.server',
    'prism_ros.robot_watch',
    'prism_core.inference.student',
    'prism_core.inference.lm_factory',
    'prism_core.inference.child.engine_child',
    'prism_core.inference.local.load_student',
    'prism_core.domains.mapping',
)
BUILTINS = {'open', 'eval', 'exec', 'compile', '__import__'}
BY_NAME = {'getattr', 'setattr', 'delattr'}
ROOMS = {
    *('os', 'io', 'subprocess', 'importlib', 'shutil', 'tempfile', 'glob', 'runpy', 'ctypes'),
    *('pickle', 'marshal', 'shelve', 'yaml', 'zipfile', 'tarfile', 'sqlite3'),
}
METHODS = {
    *('read_text', 'write_text', 'read_bytes', 'write_bytes', 'open', 'load', 'import_module'),
    *('exists', 'is_file', 'is_dir', 'stat', 'lstat', 'glob', 'rglob', 'iterdir', 'expanduser'),
    *('unlink', 'rename', 'mkdir', 'rmdir', 'touch', 'chmod', 'symlink_to', 'hardlink_to'),
    *('system', 'popen', 'fdopen', 'Popen', 'save', 'tofile', 'fromfile'),
}
HARMLESS = {'os.path.normpath', 'os.path.split', 'os.getpid', 'os.environ.get', 'os._exit'}

_AT_START = 'the name is an argument, a parameter or a variable that is fixed when the node starts'
_OF_PACKAGE = 'a file of the package, by a name that stands in the code'
_OF_CLASS = 'the names are those of the fields of our own class or message'
_OF_SYSTEM = 'a file of the operating system, by a name that stands in the code'
_BESIDE_A_MAP = (
    'named by a map that a command reads or that is named at the start; for one that the network '
    'names a node hands over no folder, and such a name is refused'
)
_OF_MODEL = 'a model, which is named at the start'
_OF_USER = 'a file in the state folder of the user, by a name that stands in the code'
_OF_STATE = 'files of the state directory, fixed at the start, by names that stand in the code'
_OF_LOG = 'the folder is fixed at the start, the name is a number that was drawn at random'
WHY_SAFE = {
    'prism_core.config_file: read_config': _AT_START,
    'prism_core.config_file: render_config': 'writes a text and opens nothing',
    'prism_core.domain.finding: _find_domain': 'entry points only, named by the file of the model',
    'prism_core.domains.mapping.describing: load_bank': _OF_PACKAGE,
    'prism_core.domains.mapping.told_words: load_told_words': _OF_PACKAGE,
    'prism_core.domains.mapping.words.languages: _load': _OF_PACKAGE,
    'prism_core.domains.mapping.words.voices: load_voices': _OF_PACKAGE,
    'prism_core.domains.mapping.reading.composing_words: _load': _OF_PACKAGE,
    'prism_core.domains.mapping.reading.cues: load_cues': _OF_PACKAGE,
    'prism_core.domains.mapping.reading.follow_ups: _load': _OF_PACKAGE,
    'prism_core.domains.mapping.reading.exclusions: _load_patterns': _OF_PACKAGE,
    'prism_core.domains.mapping.words: _load': _OF_PACKAGE,
    'prism_core.files: read_text': 'the hash beside a model, which is named at the start',
    'prism_core.files: read_bytes': 'beside a map that a command names; nodes follow no such name',
    'prism_core.files: replace_file': 'what is remembered of models; the path stands in the code',
    'prism_core.files: hash_file': _OF_MODEL,
    'prism_core.gguf_info: read_gguf_info': _OF_MODEL,
    'prism_core.graph.importing: _read_table': 'for commands only',
    'prism_core.graph.importing: import_graph': 'for commands only; nodes hand over a text',
    'prism_core.graph.importing.hydra: _load': (
        'writes and reads one file in a new folder, both by names that stand in the code'
    ),
    'prism_core.graph.importing.layers: LayerTable.changed': _OF_CLASS,
    'prism_core.graph.importing.map_text: MapText._path_of': _BESIDE_A_MAP,
    'prism_core.graph.importing.map_text: MapText.beside': _BESIDE_A_MAP,
    'prism_core.graph.importing.map_text: MapText.bytes_beside': _BESIDE_A_MAP,
    'prism_core.graph.importing.occupancy: _read_picture': 'decodes bytes and opens nothing',
    'prism_core.gguf_info: read_sha256': 'the hash beside a model, which is named at the start',
    'prism_core.inference.endpoint.bounded_http: BoundedHandler.setup': 'the connection',
    'prism_core.inference.child.engine_child: main': 'its own pipes, and a file of the system',
    'prism_core.inference.child.engine_child: _Child.work': 'the parent names the factory, once',
    'prism_core.inference.child.engine_process: EngineProcess.__init__': _AT_START,
    'prism_core.inference.local.llama_cpp: LlamaCppBackend.__init__': _OF_MODEL,
    'prism_core.inference.local.llama_cpp: LlamaCppBackend._load_adapter': _OF_MODEL,
    'prism_core.inference.local.llama_cpp: LlamaCppBackend._open_context': 'counts processors',
    'prism_core.inference.local.llama_cpp: _piece': 'memory for the text of a token',
    'prism_core.inference.local.llama_cpp: _read_metadata.read': 'memory for the text of a model',
    'prism_core.inference.child.memory: _available_on_machine': _OF_SYSTEM,
    'prism_core.inference.child.memory: _available_in_container': _OF_SYSTEM,
    'prism_core.inference.child.memory: count_oom_kills': _OF_SYSTEM,
    'prism_core.inference.local.model_file: _Memory._hold': _OF_USER,
    'prism_core.inference.local.model_file: _Memory._read_all': _OF_USER,
    'prism_core.inference.local.model_file: _Memory.write': _OF_USER,
    'prism_core.inference.local.model_file: _stamp': _OF_MODEL,
    'prism_core.inference.local.model_file: _state_file': _OF_USER,
    'prism_core.inference.endpoint.reply_cache: ReplyCache.__init__': 'for commands only',
    'prism_core.inference.endpoint.spending: Spending.__add__': _OF_CLASS,
    'prism_core.inference.planning_domain: packaged_graphs': 'the folder is named by the domain',
    'prism_core.inference.student: choose_threads': 'counts processors',
    'prism_core.inference.student: find_bundled': _OF_PACKAGE,
    'prism_core.inference.student: find_domain_of': _OF_CLASS,
    'prism_core.inference.endpoint.teacher_config: TeacherConfig.__post_init__': _OF_CLASS,
    'prism_core.episode.planner: find_planner': (
        'planner.order is fixed at the start, import paths need planner.allow_import_paths; a '
        'request chooses among the planners that are there'
    ),
    'prism_core.yaml_text: load_yaml': 'our own safe loader, on a text',
    'prism_core.mission.log: MissionLog.__init__': _OF_LOG,
    'prism_core.mission.log: MissionLog._append': _OF_LOG,
    'prism_core.mission.log: MissionLog.close': _OF_LOG,
    'prism_core.mission.log: mission_logs_folder': _OF_USER,
    'prism_core.installing: how_to_install': 'whether two files of this installation are there',
    'prism_core.pictures.web_page: _read': _OF_PACKAGE,
    'prism_ros.conversions: update_from_message': _OF_CLASS,
    'prism_ros.conversions: step_from_message': _OF_CLASS,
    'prism_ros.errors: ': _OF_CLASS,
    'prism_ros.graph_files: GraphFolder.__init__': _AT_START,
    'prism_ros.graph_files: _existing': _AT_START,
    'prism_ros.graph_files: _open_entry': (
        'names from the network: .json only, no hidden part, opened part by part without links'
    ),
    'prism_ros.graph_files: load_scene_graph': 'opens one entry of such a folder, no link',
    'prism_ros.graph_files: write_whole': (
        'replaces one entry of such a folder, no link, or of the state directory'
    ),
    'prism_ros.graph_files: _remove': 'a name that was drawn at random',
    'prism_ros.graph_state: GraphState.__init__': _OF_STATE,
    'prism_ros.graph_state: GraphState._fail': _OF_STATE,
    'prism_ros.graph_state: GraphState._set_aside': _OF_STATE,
    'prism_ros.graph_state: GraphState.close': _OF_STATE,
    'prism_ros.graph_state: GraphState.record': _OF_STATE,
    'prism_ros.graph_state: GraphState.restore': _OF_STATE,
    'prism_ros.graph_state: GraphState.save': _OF_STATE,
    'prism_ros.graph_state: _append': _OF_STATE,
    'prism_ros.graph_state: _boot_id': _OF_SYSTEM,
    'prism_ros.graph_state: _lock': _OF_STATE,
    'prism_ros.graph_state: origin_of': _AT_START,
    'prism_ros.executor_node: ExecutorNode._open_log': _OF_LOG,
    'prism_ros.mission_messages: read_goal': _OF_CLASS,
    'prism_ros.mock_skills_node: MockSkillsNode.configure': _AT_START,
    'prism_ros.node_attributes: ': _OF_CLASS,
    'prism_ros.node_attributes: _write_numbers': _OF_CLASS,
    'prism_ros.parameter_file: check_parameter_file': 'for commands only',
    'prism_ros.process_memory: look_after_memory': 'the C library that the process has loaded',
    'prism_ros.scene_graph_node: SceneGraphNode._state_folder': _AT_START,
    'prism_ros.scene_graph_node: SceneGraphNode.cleanup': _OF_STATE,
    'prism_ros.scene_graph_node: SceneGraphNode.configure': _OF_STATE,
    'prism_ros.scene_graph_node: SceneGraphNode.deactivate': _OF_STATE,
    'prism_ros.scene_graph_node: SceneGraphNode._load_scene_graph': 'through GraphFolder.load',
    'prism_ros.scene_graph_node: SceneGraphNode._save_scene_graph': 'through GraphFolder.save',
}


def file_of(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split('.'))
    files = (path / '__init__.py', path.with_suffix('.py'))
    return next((file for file in files if file.is_file()), None)


def modules_that_answer() -> set[str]:
    """The modules above and all of ours that they import, at their top or later."""
    found: set[str] = set()
    waiting = list(ANSWERS)
    while waiting:
        module = waiting.pop()
        file = file_of(module)
        if module in found or file is None or not module.startswith(('prism_core', 'prism_ros')):
            continue
        found.add(module)
        waiting.append(module.rpartition('.')[0] or module)
        for node in ast.walk(ast.parse(file.read_text('utf-8'))):
            if isinstance(node, ast.Import):
                waiting += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                waiting += [node.module, *(f'{node.module}.{alias.name}' for alias in node.names)]
    return found


def places_in(source: str) -> Iterator[str]:
    """The functions in which a path or a name that is no constant may be used, and '' for none."""

    def visit(node: ast.AST, place: str) -> Iterator[str]:
        for child in ast.iter_child_nodes(node):
            inner = place
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                inner = f'{place}.{child.name}' if place else child.name
            if isinstance(child, ast.Call) and is_suspect(child):
                yield place
            yield from visit(child, inner)

    return visit(ast.parse(source), '')


def is_suspect(call: ast.Call) -> bool:
    name = ast.unparse(call.func)
    if name in HARMLESS or (isinstance(call.func, ast.Name) and name in BUILTINS | BY_NAME):
        return name in BUILTINS or (name in BY_NAME and not isinstance(call.args[1], ast.Constant))
    if isinstance(call.func, ast.Name):
        return name in METHODS  # from ... import it
    if not isinstance(call.func, ast.Attribute):
        return False
    is_rename = call.func.attr == 'replace' and len(call.args) == 1 and not call.keywords
    is_in_room = '(' not in name and name.split('.')[0] in ROOMS
    return is_in_room or call.func.attr in METHODS or is_rename


def test_what_answers_requests_is_found():
    modules = modules_that_answer()
    assert {
        'prism_ros.graph_files',
        'prism_ros.planner_order',
        'prism_core.episode.planner',
    } <= modules
    assert len(modules) > 80
    assert not any(module.startswith('prism_core.cli.main') for module in modules)


def test_each_place_that_opens_a_path_or_finds_code_by_name_is_known_and_safe():
    found = {
        f'{module}: {place}'
        for module in modules_that_answer()
        for place in places_in(file_of(module).read_text('utf-8'))
    }
    assert found - set(WHY_SAFE) == set(), 'think about these, and say here why they are safe'
    assert set(WHY_SAFE) - found == set(), 'these are gone'


@pytest.mark.parametrize(
    'line',
    [
        *('open(x)', 'eval(x)', 'exec(x)', '__import__(x)', 'compile(x, "", "exec")'),
        *('getattr(a, x)', 'setattr(a, x, 1)', 'importlib.import_module(x)', 'import_module(x)'),
        *('os.open(x, 0)', 'os.system(x)', 'os.path.expanduser(x)', 'os.environ.pop(x)'),
        *('Path(x).read_text()', 'x.open()', 'a.replace(x)', '(a / x).unlink()', 'Popen(x)'),
        *('subprocess.run(x)', 'shutil.rmtree(x)', 'pickle.loads(x)', 'yaml.load(x)', 'p.load()'),
    ],
)
def test_a_way_to_files_or_code_is_seen(line):
    assert list(places_in(f'class A:\n    def f(self):\n        return [{line}]')) == ['A.f']


@pytest.mark.parametrize(
    'line',
    [
        *('getattr(a, "name")', 'text.replace("a", "b")', 'json.loads(x)', 'os.getpid()'),
        *('replace(a, name=x)', 'opened.callback(x)', 'opens(x)', 're.compile(x)'),
        "os.environ.get(x, '').strip()",
    ],
)
def test_what_is_none_is_not(line):
    assert list(places_in(f'def f():\n    {line}')) == []
