"""The core tests on the Python versions that robots have: 3.10 is that of Humble and JetPack 6."""

import nox


@nox.session(python=['3.10', '3.12'])
def core(session: nox.Session) -> None:
    """Run the core tests on the core's own dependencies, without ROS."""
    session.install('-e', '.[data]', 'hypothesis', 'pytest', 'pytest-timeout', 'pytest-xdist')
    session.run('pytest', 'test/core', '-m', 'not slow', '-n', 'auto', *session.posargs)
