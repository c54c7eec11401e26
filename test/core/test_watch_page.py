# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: F811 - fixtures of other files
# flake8: noqa: F811
"""The page of `prism watch` in a browser: what it shows, and what its buttons tell the robot."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from prism_core.watch import (
    Limits,
    MissionEnd,
    MissionProgress,
    PlannersNow,
    WatchedPlanner,
    WatchServer,
)

from .browsers import browser  # noqa: F401 - a fixture
from .test_watch import ID, KNOWN, PLAN, with_statuses
from .test_watch_server import board, robot, server  # noqa: F401 - fixtures

HOSTILE = (
    '</script><script>document.title = "broken"</script><img src="x" onerror="alert(1)"> & <!--'
)


@pytest.fixture
def open_page(browser, server):
    """Opens the page, which must neither fail nor ask anybody but its own server."""
    opened, faults = [], []

    def open_page(width: int = 1300):
        tab = browser.new_page(viewport={'width': width, 'height': 900})
        opened.append(tab)
        tab.set_default_timeout(15_000)
        tab.on('pageerror', lambda error: faults.append(str(error)))
        tab.on('console', lambda message: faults.append(message.text))
        tab.on('request', lambda r: r.url.startswith(server.url) or faults.append(r.url))
        tab.goto(server.url)
        return tab

    yield open_page
    for tab in opened:
        tab.close()
    assert not faults


def fill(board):
    board.take_executor(True)
    board.take_limits(Limits(10, 3, 200.0, 60.0))
    board.take_planners(
        PlannersNow('ready', planners=(WatchedPlanner('student', 'out', 'the model is missing'),))
    )
    board.take_plan(with_statuses(PLAN, 'succeeded', 'running'))
    board.take_progress(ID, MissionProgress('executing', PLAN.plan_id, 1, 2, distance_m=50.0))


def test_a_browser_shows_the_map_the_plan_who_planned_and_what_is_left(board, open_page):
    from playwright.sync_api import expect

    fill(board)
    tab = open_page()
    expect(tab.locator('#map .node')).to_have_count(len(KNOWN.nodes))
    expect(tab.locator('#map svg')).to_have_attribute(
        'aria-label', 'Map of 4 nodes, robot in gate_3'
    )
    expect(tab.locator('#task')).to_have_text(f'“{PLAN.task}”')
    expect(tab.locator('#steps [aria-current=step]')).to_contain_text('look(shed_2)')
    expect(tab.locator('#source')).to_have_text('by symbolic')
    expect(tab.locator('#passed-over')).to_contain_text('student: it did not answer')
    expect(tab.locator('#planners')).to_contain_text('the model is missing')
    expect(tab.locator('#budgets')).to_contain_text('150 m left of 200 m')
    expect(tab.locator('#doing')).to_have_text('executing, step 2 of 2')
    expect(tab.locator('#link')).to_have_text('live')
    assert tab.title() == 'robot1: executing'
    board.end_mission(ID, MissionEnd('NONE', 'the crate is red', turns=2))
    expect(tab.locator('#end-text')).to_have_text('the crate is red')
    expect(tab.locator('#seen li').first).to_contain_text('the mission ended')


def test_buttons_and_fields_tell_the_robot_what_a_person_means(board, robot, open_page):
    from playwright.sync_api import expect

    board.take_plan(with_statuses(PLAN, 'awaiting approval', 'pending'))
    board.take_progress(ID, MissionProgress('awaiting approval', PLAN.plan_id, 0, 2))
    tab = open_page()
    expect(tab.locator('#approval-step')).to_have_text('goto(yard_7)')
    tab.locator('[name=reason]').fill('people are there')
    tab.get_by_role('button', name='Forbid').click()
    expect(tab.locator('#reply')).to_have_text('heard')
    board.end_mission(ID, MissionEnd('NEEDS_CLARIFICATION', 'car_1 or car_2?', mission_id='m7'))
    expect(tab.locator('#question-text')).to_have_text('car_1 or car_2?')
    assert not tab.locator('#approval').is_visible()
    tab.locator('[name=reply]').fill('car_2')
    tab.get_by_role('button', name='Reply').click()
    expect(tab.locator('[name=reply]')).to_have_value('')
    tab.locator('[name=task]').fill('find a crate')
    tab.get_by_label('ask me before each step').check()
    tab.get_by_role('button', name='Send').click()
    expect(tab.locator('[name=task]')).to_have_value('')
    tab.get_by_role('button', name='Stop the mission').click()
    end_s = time.monotonic() + 10
    while len(robot.told) < 4 and time.monotonic() < end_s:
        time.sleep(0.05)
    (denied,), (reply,), (task,), (stopped,) = robot.told
    assert (denied.plan_id, denied.step, denied.approve) == (PLAN.plan_id, 0, False)
    assert denied.reason == 'people are there'
    assert (reply.task, reply.continue_mission) == ('car_2', 'm7')
    assert (task.task, task.require_approval, task.continue_mission) == ('find a crate', True, '')
    assert stopped == 'stop'


def test_another_step_to_approve_cannot_be_allowed_before_it_could_be_read(board, open_page):
    from playwright.sync_api import expect

    board.take_plan(with_statuses(PLAN, 'awaiting approval', 'awaiting approval'))
    board.take_progress(ID, MissionProgress('awaiting approval', PLAN.plan_id, 0, 2))
    tab = open_page()
    expect(tab.locator('#approve')).to_be_enabled()
    tab.evaluate(
        """() => {
            window.wasEnabled = [];
            new MutationObserver(() => window.wasEnabled.push(!byId('approve').disabled))
                .observe(byId('approval-step'), { childList: true });
        }"""
    )
    board.take_progress(ID, MissionProgress('awaiting approval', PLAN.plan_id, 1, 2))
    expect(tab.locator('#approval-step')).to_have_text('look(shed_2)')
    assert tab.evaluate('window.wasEnabled') == [False]
    expect(tab.locator('#approve')).to_be_enabled()


def test_hostile_texts_are_shown_as_they_are(board, open_page):
    from playwright.sync_api import expect

    steps = tuple(replace(step, text=HOSTILE, message=HOSTILE) for step in PLAN.steps)
    board.take_plan(
        replace(PLAN, task=HOSTILE, reasoning=HOSTILE, steps=steps, passed_over=(HOSTILE,))
    )
    board.note(HOSTILE, is_bad=True)
    board.take_planners(PlannersNow('ready', HOSTILE, planners=(WatchedPlanner(HOSTILE, 'ready'),)))
    board.end_mission(ID, MissionEnd('NEEDS_CLARIFICATION', HOSTILE))
    tab = open_page()
    expect(tab.locator('#task')).to_have_text(f'“{HOSTILE}”')
    expect(tab.locator('#question-text')).to_have_text(HOSTILE)
    expect(tab.locator('#seen li').first).to_contain_text(HOSTILE)
    assert tab.locator('img').count() == 0
    assert tab.title() == 'robot1: PRISM'


def test_a_page_that_hears_nothing_any_more_says_so(board, browser):
    from playwright.sync_api import expect

    with WatchServer(board, None) as server:
        tab = browser.new_page()
        tab.set_default_timeout(15_000)
        tab.goto(server.url)
        expect(tab.locator('#link')).to_have_text('live')
        assert not tab.locator('#stop').is_visible()
        assert not tab.locator('#task-form').is_visible()
    expect(tab.locator('#link')).to_contain_text('nothing is heard since', timeout=15_000)
    expect(tab.locator('body')).to_have_class('lost')
    tab.close()


@pytest.mark.parametrize('width', [400, 1300])
def test_the_page_fits_its_window(board, open_page, width):
    from playwright.sync_api import expect

    fill(board)
    board.note('x' * 500)
    tab = open_page(width)
    expect(tab.locator('#map .node').first).to_be_visible()
    assert tab.evaluate('document.documentElement.scrollWidth') <= width
