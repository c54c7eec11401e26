# SPDX-License-Identifier: Apache-2.0
"""The core tests on the oldest Python that robots have: 3.10, that of Humble and JetPack 6."""

import nox


@nox.session(python='3.10', reuse_venv=True)
def core(session: nox.Session) -> None:
    """Run the core's quick tests on its own dependencies, without ROS and torch."""
    tools = ('hypothesis', 'psutil', 'pytest', 'pytest-timeout', 'pytest-xdist')
    builders = ('setuptools>=77,<80', 'wheel')  # a test installs a package of its own
    session.install('-e', '.[data]', 'gguf', 'jinja2', 'llguidance', *tools, *builders)
    session.run(
        'pytest',
        'test/core',
        '-m',
        'not slow and not long',
        '--hypothesis-profile',
        'brief',
        '-n',
        'auto',
        '--dist',
        'worksteal',
        *session.posargs,
    )
