# SPDX-License-Identifier: Apache-2.0
"""Every source file says its licence in its first line that may, as https://spdx.dev has it."""

import subprocess

import pytest

from .sources import ROOT

TAG = 'SPDX-License-Identifier: Apache-2.0'
COMMENTS = {
    **dict.fromkeys(('.py', '.msg', '.srv', '.action', '.txt', '.sh', ''), '# {}'),
    **{'.js': '// {}', '.css': '/* {} */', '.html': '<!-- {} -->'},
}
FOLDERS = ('prism_core', 'prism_ros', 'prism_msgs', 'launch', 'examples', 'test', '.ci')
SOURCES = sorted(
    path
    for folder in FOLDERS
    for path in (ROOT / folder).rglob('*')
    if path.suffix in COMMENTS and path.is_file() and '__pycache__' not in path.parts
    if path.suffix != '.txt' or path.name == 'CMakeLists.txt'
)
SOURCES += [ROOT / 'setup.py', ROOT / 'noxfile.py', ROOT / 'Makefile']


def first_line(text: str) -> str:
    """The first line behind what must stand first of all."""
    lines = text.splitlines()
    is_first = lines and lines[0].lower().startswith(('#!', '<!doctype'))
    return lines[1 if is_first else 0] if len(lines) > is_first else ''


def test_every_source_file_begins_with_its_licence():
    assert len(SOURCES) > 500
    missing = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if first_line(path.read_text('utf-8')) != COMMENTS[path.suffix].format(TAG)
    ]
    assert missing == [], f'begin them with: {TAG}'


@pytest.mark.parametrize('text', ['#!/bin/sh\n# a', '<!DOCTYPE html>\n# a', '# a\nb', '# a'])
def test_what_must_stand_first_stays_first(text):
    assert first_line(text) == '# a'


def test_the_files_that_git_knows_are_those_that_are_looked_at():
    done = subprocess.run(['git', 'ls-files', '*.py'], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip('this is no checkout of git')
    assert {str(path.relative_to(ROOT)) for path in SOURCES} >= set(done.stdout.split())
