# SPDX-License-Identifier: Apache-2.0
"""The linters of ROS 2 that a package template has. Those of style are installed with the tools of
tests; that of XML comes with a ROS installation alone, and `colcon test` runs it there.

ament_copyright is not among them: it takes whole licence texts only, and knows no SPDX tags.
"""

import pytest

from .sources import ROOT

WHY = 'the linters of ROS 2 are not installed (apt: ros-<distro>-ament-lint-common)'
FOLDERS = ('prism_core', 'prism_ros', 'launch')
# What ruff is told, too: pyproject.toml.
NOT_ASKED = ('D100', 'D104', 'D105', 'D107', 'D205', 'D403', 'D415')


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_flake8_finds_nothing(monkeypatch):
    main = pytest.importorskip('ament_flake8.main', reason=WHY)
    monkeypatch.chdir(ROOT)
    code, errors = main.main_with_errors(argv=['.', '--config', 'setup.cfg'])
    assert code == 0, '\n'.join(errors)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_pep257_finds_nothing(monkeypatch):
    main = pytest.importorskip('ament_pep257.main', reason=WHY)
    monkeypatch.chdir(ROOT)
    code = main.main(argv=[*FOLDERS, '--convention', 'google', '--add-ignore', *NOT_ASKED])
    assert code == 0


def test_xmllint_finds_nothing(monkeypatch, capfd):
    main = pytest.importorskip('ament_xmllint.main', reason=WHY)
    monkeypatch.chdir(ROOT)
    code = main.main(argv=['package.xml', 'prism_msgs/package.xml'])
    if 'failed to load external entity' in capfd.readouterr().err:
        pytest.skip('the schema of package.xml cannot be had without a network')
    assert code == 0
