# SPDX-License-Identifier: Apache-2.0
"""The command line without ROS, as a user types it."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from prism_core import files, parse_plan
from prism_core.cli.main import COMMANDS, prism
from prism_core.domains.mapping import GRAPHS, MAPPING_ACTIONS
from prism_core.errors import PrismError

DEPOT = str(GRAPHS / 'depot.json')


def run(*arguments):
    return CliRunner().invoke(prism, arguments)


def refusal(*arguments):
    """The sentence of a refused command."""
    result = run(*arguments)
    assert result.exit_code == 1
    return str(result.exception) if isinstance(result.exception, PrismError) else result.output


def test_plan_prints_the_steps_who_made_them_and_why():
    result = run('plan', '--graph', DEPOT, '--request', 'inspect the truck')
    assert result.exit_code == 0
    for text in (
        'inspect(truck_1, "Describe it.")',
        'source: symbolic',
        'seen from field_2',
    ):
        assert text in result.output


def test_plan_as_json_is_a_reply_that_parses():
    result = run('plan', '--request', 'inspect the truck', '--location', 'field_2', '--json')
    plan = parse_plan(result.output, MAPPING_ACTIONS)
    assert [action.name for action in plan.actions] == ['inspect']


@pytest.mark.parametrize(
    ('arguments', 'words'),
    [
        (['--request', '  '], 'request is empty'),
        (['--request', 'x', '--graph', '/nowhere.json'], 'cannot read /nowhere.json: No such file'),
        (['--request', 'x', '--graph', __file__], 'test_cli.py: no kind of map that can be read'),
        (['--request', 'x', '--planner', 'nobody'], "unknown planner 'nobody': expected one of"),
        (['--request', 'x', '--location', 'mars'], "robot location 'mars'"),
    ],
)
def test_plan_says_in_one_sentence_what_is_wrong(arguments, words):
    assert words in refusal('plan', *arguments)


def test_a_binary_file_is_no_graph(tmp_path):
    (tmp_path / 'graph.json').write_bytes(b'\xff\xfe\x00')
    assert 'is not UTF-8 text' in refusal('show', str(tmp_path / 'graph.json'))


def test_a_plan_that_the_validator_refuses_is_printed_and_refused(tmp_path, monkeypatch):
    (tmp_path / 'liar.py').write_text(
        'from prism_core import Action, Plan\n'
        'class Liar:\n'
        '    name = "liar"\n'
        '    def plan(self, *_): return Plan((Action("goto", ("atlantis",)),))\n'
        '    def close(self): pass\n'
    )
    monkeypatch.syspath_prepend(tmp_path)
    output = refusal('plan', '--request', 'x', '--planner', 'liar:Liar')
    assert 'goto(atlantis)' in output
    assert "the plan is not valid: Step 1: The scene graph does not contain 'atlantis'" in output


def test_show_draws_the_map_and_the_way_of_a_plan(tmp_path):
    (tmp_path / 'plan.json').write_text('{"plan": "[goto(field_2)]"}')
    result = run('show', DEPOT, '--plan', str(tmp_path / 'plan.json'))
    assert '13 regions, 14 objects' in result.output
    assert 'robot in dock_1; way: dock_1 > road_1 > road_2 > field_2' in result.output
    assert 'truck_1' in result.output


def test_show_names_what_is_wrong_with_a_plan(tmp_path):
    (tmp_path / 'plan.json').write_text('go there')
    assert 'expected a JSON object' in refusal('show', DEPOT, '--plan', str(tmp_path / 'plan.json'))


@pytest.mark.parametrize(
    'graph', ['{"regions": []}', '{"regions": [{"name": "a", "coords": [5, 5]}]}']
)
def test_the_smallest_graphs_can_be_drawn(tmp_path, graph):
    (tmp_path / 'graph.json').write_text(graph)
    result = run('show', str(tmp_path / 'graph.json'))
    assert result.exit_code == 0
    assert 'robot location unknown' in result.output
    picture = tmp_path / 'picture.png'
    assert run('show', str(tmp_path / 'graph.json'), '--out', str(picture)).exit_code == 0
    assert picture.read_bytes().startswith(b'\x89PNG')


def test_a_picture_shows_regions_objects_robot_and_way(tmp_path):
    import matplotlib.image

    (tmp_path / 'plan.json').write_text('{"plan": "[goto(field_2)]"}')
    plain, planned = tmp_path / 'plain.png', tmp_path / 'planned.png'
    assert run('show', DEPOT, '--out', str(plain)).exit_code == 0
    run('show', DEPOT, '--plan', str(tmp_path / 'plan.json'), '--out', str(planned))
    colors = {
        name: {tuple(color) for row in matplotlib.image.imread(path)[:, :, :3] for color in row}
        for name, path in (('plain', plain), ('planned', planned))
    }
    way = min(
        colors['planned'], key=lambda c: abs(c[0] - 0.76) + abs(c[1] - 0.22) + abs(c[2] - 0.56)
    )
    assert abs(way[0] - 0.76) < 0.02
    assert way not in colors['plain']


@pytest.mark.parametrize('out', ['picture.nonsense', 'no/such/folder/picture.png'])
def test_a_picture_that_cannot_be_written_is_said_so(tmp_path, out):
    assert 'cannot write the picture' in refusal('show', DEPOT, '--out', str(tmp_path / out))


@pytest.mark.parametrize(
    ('library', 'arguments'), [('plotext', []), ('matplotlib', ['--out', 'depot.png'])]
)
def test_a_drawing_library_that_is_missing_is_named_with_its_remedy(
    monkeypatch, library, arguments
):
    monkeypatch.setitem(sys.modules, library, None)
    sentence = refusal('show', DEPOT, *arguments)
    assert f'need {library}; run: pip install' in sentence


def test_an_error_of_ours_is_one_line_on_stderr_and_exit_status_one():
    command = [
        sys.executable,
        '-m',
        'prism_core.cli.main',
        'plan',
        '--request',
        'x',
        '--planner',
        'y',
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: unknown planner 'y'")
    assert done.stderr.count('\n') == 1


def test_every_command_can_be_imported_and_says_what_it_does():
    commands = [[name] for name in prism.list_commands(None) if name not in ('ask', 'demo')]
    commands += [['bench', name] for name in ('prompts', 'runtime', 'student')]
    names = {name for name, *_ in commands}
    assert {'elicit', 'train', 'merge', 'export', 'quantize', 'serve'} <= names
    assert {'evaluate', 'compare', 'report'} <= names
    for command in commands:
        done = run(*command, '--help')
        assert done.exit_code == 0, f'{command}: {done.output}'
        assert len(done.output.splitlines()) > 4


def test_help_lists_the_commands_of_the_table_without_importing_them():
    program = (
        'import sys; from prism_core.cli.main import COMMANDS, prism; '
        'prism(["--help"], standalone_mode=False); '
        'print([m for place, _ in COMMANDS.values() if (m := place.split(":")[0]) in sys.modules])'
    )
    done = subprocess.run((sys.executable, '-c', program), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    *listed, imported = done.stdout.splitlines()
    assert imported == '[]'
    for name, (_, text) in COMMANDS.items():
        assert any(line.split() == [name, *text.split()] for line in listed), name


class Odd:
    """A planner that raises what planners do not raise."""

    name = 'odd'

    def plan(self, *_):
        raise ZeroDivisionError('a bug')

    def close(self):
        pass


@pytest.mark.parametrize(
    ('arguments', 'sentence'),
    [
        (('plan', '--request', 'x', '--planner', 'os:getcwd'), 'expected name, plan and close, it'),
        (('plan', '--request', 'x', '--planner', 'math:sqrt'), 'that is called without arguments'),
        (('plan', '--request', 'x', '--planner', f'{__name__}:Odd'), "raised ZeroDivisionError('a"),
        (('show', DEPOT, '--out', 'picture'), 'expected a name such as picture.png'),
        (('show', '/'), 'cannot read /: Is a directory'),
        (('show', 'none.json'), 'cannot read none.json: No such file or directory'),
        (('show', '/dev/zero'), 'is longer than 1,000 characters; split it'),
        (('show', DEPOT, '--plan', '/dev/zero'), 'is longer than 1,000 characters; split it'),
        (('show', sys.executable), 'is not UTF-8 text'),
    ],
)
def test_odd_files_and_planners_are_refused_in_a_sentence(arguments, sentence, monkeypatch):
    is_endless = arguments == ('show', '/dev/zero') or '--plan' in arguments
    monkeypatch.setattr(files, 'MAX_TEXT_CHARS', 1_000 if is_endless else files.MAX_TEXT_CHARS)
    if '--plan' in arguments:
        monkeypatch.setattr('prism_core.cli.graph_file.read_graph', lambda path: None)
    assert sentence in refusal(*arguments)


def test_where_the_robot_is_unknown_plan_says_by_which_option_it_is_told(tmp_path):
    path = tmp_path / 'site.json'
    path.write_text('{"regions": [{"name": "Room 3.14"}]}')
    words = ('plan', '--graph', str(path), '--request', 'go to Room 3.14')
    result = run(*words)
    assert result.exit_code != 0
    assert '--location "Room 3.14"' in result.output
    assert run(*words, '--location', 'Room 3.14').exit_code == 0


def test_a_location_that_is_told_stands_in_the_report_alone(tmp_path):
    path = tmp_path / 'site.yaml'
    path.write_text('waypoints: {Empfang: [0, 0], HX-201: [4, 0]}')
    assert 'say it: --location' in run('import-graph', str(path)).output
    told = run('import-graph', str(path), '--location', 'HX-201').output
    assert '--location' not in told
    assert 'robot in HX-201' in told


def test_a_map_that_is_piped_has_no_colors():
    done = subprocess.run(
        [sys.executable, '-m', 'prism_core.cli.main', 'show', str(GRAPHS / 'depot.json')],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert 'truck_1' in done.stdout
    assert '\x1b' not in done.stdout
