# SPDX-License-Identifier: Apache-2.0
"""A real browser without a window, for tests of pages."""

from __future__ import annotations

import os
import shutil

import pytest

BROWSERS = ('chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome')


@pytest.fixture(scope='module')
def browser():
    playwright = pytest.importorskip('playwright.sync_api')
    with playwright.sync_playwright() as driver:
        own = driver.chromium.executable_path
        found = next(filter(None, map(shutil.which, (*BROWSERS, own))), None)
        if found is None:
            pytest.skip(f'no browser: none of {", ".join(BROWSERS)} is installed')
        flags = ['--no-sandbox'] if os.geteuid() == 0 else []
        opened = driver.chromium.launch(executable_path=found, args=flags)
        yield opened
        opened.close()
