# SPDX-License-Identifier: Apache-2.0
"""The pages under docs/: every command and example on them is run, in order."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from prism_core import Domain, parse_scene_graph

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / 'docs').glob('*.md'))
# Pages that only list, and give no command to run.
REFERENCES = {
    *('distributions', 'faults', 'files', 'interface', 'missions', 'results', 'ros', 'watch'),
}
GUIDES = [page for page in PAGES if page.stem not in REFERENCES]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf'```{language}\n(.*?)```', page.read_text('utf-8'), re.DOTALL)


@pytest.mark.parametrize('page', GUIDES, ids=lambda page: page.stem)
def test_the_commands_of_a_page_do_what_it_says(page, tmp_path):
    for folder in ('docs', 'config', 'examples'):
        (tmp_path / folder).symlink_to(ROOT / folder)
    for code in blocks(page, 'python'):
        if 'class Hasty' in code:
            (tmp_path / 'hasty.py').write_text(code)
    commands = [line for block in blocks(page, 'bash') for line in block.splitlines()]
    assert len(commands) >= 3
    for command in commands:
        words = shlex.split(command)
        path = f'{tmp_path}:{ROOT}' if words[0].startswith('PYTHONPATH') else str(ROOT)
        words = words[words.index('prism') + 1 :]
        done = subprocess.run(
            [sys.executable, '-m', 'prism_core.cli.main', *words],
            cwd=tmp_path,
            env=os.environ | {'PYTHONPATH': f'{path}:{os.environ.get("PYTHONPATH", "")}'},
            capture_output=True,
            text=True,
            timeout=110,
        )
        assert done.returncode == 0, f'{command}: {done.stderr}'
        if '--out' in words:
            out = tmp_path / words[words.index('--out') + 1]
            if words[0] == 'import-graph':
                assert parse_scene_graph(out.read_text('utf-8')).region_network.edges
                continue
            files = [path for path in out.rglob('*') if path.is_file()] if out.is_dir() else [out]
            assert sum(path.stat().st_size for path in files) > 5_000
    for code in blocks(page, 'python') if page.stem == 'data' else ():
        done = subprocess.run(
            [sys.executable, '-c', code], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert "'role': 'assistant'" in done.stdout


@pytest.mark.parametrize('name', sorted(REFERENCES))
def test_a_page_that_only_lists_gives_no_command(name):
    assert blocks(ROOT / f'docs/{name}.md', 'bash') == []


def test_the_example_of_the_page_on_worlds_plays_its_tasks():
    (code,) = blocks(ROOT / 'docs/worlds.md', 'python')
    done = subprocess.run([sys.executable, '-c', code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) >= 6
    assert all(' True' in line for line in lines)


def test_what_the_page_on_domains_shows_is_the_example_and_the_check_passes():
    codes = blocks(ROOT / 'docs/domains.md', 'python')
    (check,) = [code for code in codes if 'check_domain' in code]
    shown = [code for code in codes if code != check]
    example = (ROOT / 'examples/kitchen.py').read_text('utf-8')
    assert len(shown) >= 4
    assert [code for code in shown if code not in example] == []
    done = subprocess.run([sys.executable, '-c', check], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_page_on_domains_names_every_hook():
    text = (ROOT / 'docs/domains.md').read_text('utf-8')
    known = {name for room in (Domain, *Domain.__bases__) for name in vars(room)}
    hooks = {name for name in known if not name.startswith('_')} - {'play', 'has_symbolic'}
    assert {name for name in hooks if f'`{name}`' not in text} == set()


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.stem)
def test_every_file_that_a_page_links_to_exists(page):
    links = re.findall(r'\]\(([^)#]+)\)', page.read_text('utf-8'))
    assert links
    own = [link for link in links if '://' not in link]
    assert [link for link in own if not (page.parent / link).exists()] == []


def test_every_file_that_a_change_takes_exists():
    rows = [
        line for line in (ROOT / 'CONTRIBUTING.md').read_text('utf-8').splitlines() if '|' in line
    ]
    paths = [path for row in rows for path in re.findall(r'`([\w./]+/[\w./]*)`', row)]
    assert len(paths) > 30
    found = [
        path
        for path in paths
        if not ((ROOT / 'prism_core' / path).exists() or (ROOT / path).exists())
    ]
    assert found == []


@pytest.mark.parametrize('page', ['data', 'evaluation', 'student', 'worlds'])
def test_every_test_that_a_page_names_exists(page):
    text = (ROOT / f'docs/{page}.md').read_text('utf-8')
    names = re.findall(r'\btest_[a-z_0-9]+\b(?!\.py)', text.partition('got wrong')[2])
    tests = (path for room in ('core', 'docs') for path in (ROOT / 'test' / room).glob('test_*.py'))
    found = ''.join(path.read_text('utf-8') for path in tests)
    assert len(names) >= 12
    assert [name for name in names if f'def {name}(' not in found] == []
