# SPDX-License-Identifier: Apache-2.0
"""The page of a report: what it holds, what it refuses, and how it works in a browser."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from prism_core.cli.report import report
from prism_core.dataset.episode_json import parse_episode, render_episode
from prism_core.domains.mapping import load_words, make_symbolic_planner
from prism_core.domains.mapping.controls import make_controls
from prism_core.domains.mapping.intent import Intent
from prism_core.errors import ConfigError
from prism_core.evaluation.evaluate import EPISODES, REPORT, evaluate
from prism_core.evaluation.report import write_report
from prism_core.evaluation.suite import SuiteConfig
from prism_core.pictures.episode_trail import follow_episode

from .browsers import browser  # noqa: F401 - a fixture

SUITE = SuiteConfig(worlds={'seed': 5, 'worlds': 2, 'tier': 'core', 'hidden': [0.3]})
PLANNER = f'{__name__}:Fickle'
HOSTILE = '</script><script>document.title = "broken"</script><img src="x"> & ${style} <!--'
BOXES = """[...document.querySelectorAll('#map .name')].map((name) => {
    const { left, top, right, bottom } = name.getBoundingClientRect();
    return [left, top, right, bottom];
})"""


class Fickle:
    """A planner that does well or badly, by the length of the request."""

    name = 'fickle'

    def __init__(self):
        controls = make_controls(lambda *_: Intent('vague'), load_words())
        self._planners = make_symbolic_planner(), controls['blind_to_the_sentence']

    def plan(self, request, known_graph, history):
        return self._planners[len(request) % 2].plan(request, known_graph, history)

    def close(self):
        pass


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A real evaluation; the request of one trial that failed was exchanged."""
    folder = tmp_path_factory.mktemp('fickle')
    evaluate(PLANNER, SUITE, folder, workers=1)
    played = episodes_of(folder)
    spoiled = next(e for e in played if not e.outcome.success and len(e.turns) > 1)
    lines = [
        render_episode(replace(e, task=replace(e.task, request=HOSTILE)) if e is spoiled else e)
        for e in played
    ]
    (folder / EPISODES).write_text('\n'.join(lines) + '\n', 'utf-8')
    return folder


@pytest.fixture(scope='module')
def page(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp('page') / 'report.html'
    write_report([folder], out)
    return out


def episodes_of(folder):
    return [parse_episode(line) for line in (folder / EPISODES).read_text('utf-8').splitlines()]


def data_of(page):
    text = page.read_text('utf-8')
    return json.loads(re.search(r'<script id="data"[^>]*>(.*?)</script>', text, re.DOTALL)[1])


def copy_of(folder, tmp_path):
    return Path(shutil.copytree(folder, tmp_path / 'copy'))


# ------------------------------------------------------------------------------------ what it holds


def test_page_holds_the_scores_and_all_that_failed(folder, page):
    data, played = data_of(page), episodes_of(folder)
    (planner,) = data['planners']
    assert planner['label'] == PLANNER
    assert planner['scores'] == json.loads((folder / REPORT).read_text('utf-8'))
    failed = {e.provenance['id'] for e in played if not e.outcome.success}
    assert {e['id'] for e in data['episodes'] if not e['success']} == failed
    assert planner['failed'] == {'all': len(failed), 'here': len(failed)}
    assert sum(number for _, number in planner['causes']) == len(failed)
    assert 0 < planner['succeeded']['here'] <= planner['succeeded']['all']
    assert max(Counter(e['kind'] for e in data['episodes'] if e['success']).values()) == 2


def test_each_failure_says_what_was_right_what_was_said_and_why(page):
    for shown in data_of(page)['episodes']:
        assert shown['expected']
        assert shown['success'] == all(shown['parts'].values())
        assert shown['success'] or shown['cause'] in shown['verdict']
        assert shown['said'] or shown['ending'] not in ('answer', 'clarify')
        is_over = [turn['cost'][1] for turn in shown['turns']]
        assert is_over[-1] != shown['parts']['in budget']
        assert shown['cost'].startswith(shown['turns'][-1]['cost'][0])
        assert sorted(is_over) == is_over


def test_changes_of_the_turns_add_up_to_what_was_known(folder, page):
    played = {e.provenance['id']: e for e in episodes_of(folder)}
    for shown in data_of(page)['episodes']:
        nodes = [node[0] for node in shown['nodes']]
        known, links = set(), set()
        for number, change in enumerate([shown['start'], *shown['turns']]):
            known = (known - {*change.get('gone', ())}) | {*change.get('known', ())}
            links = (links - {*change.get('linksGone', ())}) | {*change.get('links', ())}
            graph = follow_episode(played[shown['id']], number).graph
            assert {nodes[n] for n in known} == set(graph.nodes)
            ends = {tuple(sorted(nodes[n] for n in shown['links'][i][:2])) for i in links}
            assert ends == set(graph.connections)
            assert [nodes[n] for n in change['robot']] == [graph.robot_location]


def test_ways_of_the_turns_add_up_to_the_way_driven(folder, page):
    played = {e.provenance['id']: e for e in episodes_of(folder)}
    for shown in data_of(page)['episodes']:
        way = [shown['nodes'][n][0] for turn in shown['turns'] for n in turn['way'][1:]]
        assert way == follow_episode(played[shown['id']]).way[1:]


def test_fewer_trials_are_embedded_when_asked_and_each_cause_comes_first(folder, tmp_path):
    write_report([folder, folder], tmp_path / 'report.html', episodes=12)
    data = data_of(tmp_path / 'report.html')
    for number, planner in enumerate(data['planners']):
        shown = [e for e in data['episodes'] if e['planner'] == number]
        assert len(shown) == 6
        causes = [(e['kind'], e['cause']) for e in shown if not e['success']]
        assert len(set(causes)) == min(len(causes), len(planner['causes']))
        assert planner['failed']['here'] == len(causes) < planner['failed']['all']


def test_planners_that_are_called_the_same_are_told_apart_by_their_folders(folder, tmp_path):
    write_report([folder, copy_of(folder, tmp_path)], tmp_path / 'report.html')
    labels = [planner['label'] for planner in data_of(tmp_path / 'report.html')['planners']]
    assert labels == [f'{PLANNER} ({folder.name})', f'{PLANNER} (copy)']


def test_hostile_request_stays_data_and_nothing_is_loaded_from_elsewhere(page):
    text = page.read_text('utf-8')
    assert HOSTILE in [e['request'] for e in data_of(page)['episodes']]
    assert text.count('<script') == text.count('</script') == 2
    assert '<img' not in text
    assert set(re.findall(r'https?://[^\'"\s]+', text)) == {'http://www.w3.org/2000/svg'}
    assert "default-src 'none'" in text


def test_replies_that_were_refused_are_shown_with_their_turn(folder, tmp_path):
    folder = copy_of(folder, tmp_path)
    played = episodes_of(folder)
    first = next(e for e in played if not e.outcome.success)
    rejected = [
        {'turn': turn, 'reply': f'fly {turn}', 'reason': 'no such action', 'kinds': ['unreadable']}
        for turn in (0, len(first.turns))
    ]
    trial = {**first.provenance['trial'], 'rejected': rejected}
    told = replace(first, provenance={**first.provenance, 'trial': trial})
    lines = [render_episode(told if e is first else e) for e in played]
    (folder / EPISODES).write_text('\n'.join(lines), 'utf-8')
    write_report([folder], tmp_path / 'report.html')
    shown = {e['id']: e for e in data_of(tmp_path / 'report.html')['episodes']}
    refused = shown[first.provenance['id']]
    assert refused['turns'][0]['refused'] == [['fly 0', 'no such action']]
    assert refused['refused'] == [[f'fly {len(first.turns)}', 'no such action']]


def test_command_writes_the_page_and_replaces_it(folder, tmp_path):
    out = tmp_path / 'report.html'
    out.write_text('before')
    done = CliRunner().invoke(report, [str(folder), '--out', str(out), '--episodes', '3'])
    assert done.exit_code == 0, done.output
    assert f'wrote {out}' in done.output
    assert len(data_of(out)['episodes']) == 3
    assert list(tmp_path.iterdir()) == [out]


# ---------------------------------------------------------------------------------- what it refuses


@pytest.mark.parametrize('missing', [REPORT, EPISODES, 'recipe.yaml'])
def test_folder_of_an_evaluation_that_is_not_finished_is_refused(folder, tmp_path, missing):
    folder = copy_of(folder, tmp_path)
    (folder / missing).unlink()
    with pytest.raises(ConfigError, match=f'expected a finished evaluation in {folder}.*--resume'):
        write_report([folder], tmp_path / 'report.html')
    assert not (tmp_path / 'report.html').exists()


def test_folder_of_another_stage_is_refused(folder, tmp_path):
    folder = copy_of(folder, tmp_path)
    (folder / 'recipe.yaml').write_text('stage: synthesize\n')
    with pytest.raises(ConfigError, match='expected a finished evaluation'):
        write_report([folder], tmp_path / 'report.html')


@pytest.mark.parametrize('text', ['{"trials": 3}', 'nothing'])
def test_scores_of_another_version_are_refused(folder, tmp_path, text):
    folder = copy_of(folder, tmp_path)
    (folder / REPORT).write_text(text)
    with pytest.raises(ConfigError, match='expected scores as this version writes them'):
        write_report([folder], tmp_path / 'report.html')


def test_trials_that_the_scores_do_not_count_are_refused(folder, tmp_path):
    folder = copy_of(folder, tmp_path)
    lines = (folder / EPISODES).read_text('utf-8').splitlines()
    (folder / EPISODES).write_text('\n'.join(lines[:-1]), 'utf-8')
    with pytest.raises(ConfigError, match=f'expected the {len(lines)} trials .* {len(lines) - 1}'):
        write_report([folder], tmp_path / 'report.html')


def test_line_that_is_no_trial_is_refused_with_its_file_and_number(folder, tmp_path):
    folder = copy_of(folder, tmp_path)
    lines = (folder / EPISODES).read_text('utf-8').splitlines()
    (folder / EPISODES).write_text('\n'.join([lines[0], '{}', *lines[2:]]), 'utf-8')
    with pytest.raises(ConfigError, match=r'episodes\.jsonl: line 2: expected an episode'):
        write_report([folder], tmp_path / 'report.html')


def test_page_that_cannot_be_written_is_refused(folder, tmp_path):
    with pytest.raises(ConfigError, match='cannot write'):
        write_report([folder], tmp_path / 'nowhere' / 'report.html')


# ------------------------------------------------------------------------------------ in a browser


@pytest.fixture
def open_page(browser):  # noqa: F811 - the fixture
    """Opens pages, which must neither fail nor load anything beside themselves."""
    opened, faults = [], []

    def open_page(path, *, address='', width=1600, scheme='light'):
        tab = browser.new_page(viewport={'width': width, 'height': 900}, color_scheme=scheme)
        opened.append(tab)
        tab.on('pageerror', lambda error: faults.append(str(error)))
        tab.on('console', lambda message: faults.append(message.text))
        tab.on('request', lambda request: faults.append(request.url))
        tab.goto(f'{path.as_uri()}{address}')
        tab.wait_for_selector('#cards .card')
        assert faults.pop(0).startswith(path.as_uri())
        return tab

    yield open_page
    for tab in opened:
        tab.close()
    assert not faults


def known_on(tab) -> int:
    return tab.locator('#map .node:not(.hidden)').count()


def test_viewer_steps_through_a_trial_and_shows_what_is_known_at_each_turn(folder, page, open_page):
    played = {e.provenance['id']: e for e in episodes_of(folder)}
    found = next(
        e
        for e in played.values()
        if e.task.request != HOSTILE and not e.outcome.success
        if len(e.final_graph.nodes) > len(e.known_graph.nodes)
    )
    name = found.provenance['id']
    tab = open_page(page, address=f'#trial=0%3A{name}')
    total = len(found.turns)
    assert tab.locator('#turn').inner_text() == f'after turn {total} of {total}'
    tab.get_by_role('button', name='Start', exact=True).click()
    assert 'before the first' in tab.locator('#turn').inner_text()
    for number in range(total + 1):
        graph = follow_episode(found, number).graph
        assert known_on(tab) == len(graph.nodes)
        assert f'robot in {graph.robot_location}' in tab.locator('#map svg').get_attribute(
            'aria-label'
        )
        tab.keyboard.press('ArrowRight')
    assert tab.locator('#next').is_disabled()
    tab.keyboard.press('ArrowLeft')
    assert f'turn={total - 1}' in tab.url
    current = tab.locator('#turns > [aria-current]')
    assert f'Turn {total - 1}' in current.inner_text()
    for action in found.turns[total - 2].plan.actions:
        assert f'{action.name}(' in current.inner_text()
    assert found.outcome.reason in tab.locator('.verdict').inner_text()


def wait_for_count(found, number: int) -> None:
    from playwright.sync_api import expect

    expect(found).to_have_count(number)


def test_cause_leads_to_its_trials_and_a_filter_to_others(page, open_page):
    data = data_of(page)
    tab = open_page(page)
    cause, number = data['planners'][0]['causes'][0]
    kind, reason = cause.split(': ')
    tab.locator('#causes tr', has_text=cause).get_by_role('link').click()
    wait_for_count(tab.locator('#list button'), number)
    assert set(tab.locator('#list .quiet').all_inner_texts()) <= {
        f'✗ {kind} · {reason} · {turns} turn{"s" if turns > 1 else ""}' for turns in range(1, 200)
    }
    tab.locator('[name=cause]').select_option('')
    tab.locator('[name=kind]').select_option('')
    tab.locator('[name=result]').select_option('succeeded')
    wait_for_count(tab.locator('#list button'), data['planners'][0]['succeeded']['here'])
    assert tab.locator('.verdict').inner_text() == 'success'


def test_figures_show_each_group_of_each_view(page, open_page):
    tab = open_page(page, width=1000)
    tab.wait_for_selector('#charts svg')
    views = data_of(page)['planners'][0]['scores']['views']
    for view, title in (('kind', 'By kind of task'), ('regions', 'By size of the world')):
        figure = tab.locator('figure', has_text=title)
        said = figure.locator('g title').all_text_contents()
        assert figure.locator('circle').count() == len(said) == len(views[view])
        for group, estimate in views[view].items():
            line = next(one for one in said if f', {group}: ' in one)
            percent = float(re.search(r': ([\d.]+) % ', line)[1])
            assert percent == pytest.approx(100 * estimate['value'], abs=0.051)
    assert tab.locator('figure', has_text='Time against success').locator('circle').count() == 1


def test_page_without_trials_shows_the_figures_alone(folder, open_page, tmp_path):
    write_report([folder], tmp_path / 'report.html', episodes=0)
    tab = open_page(tmp_path / 'report.html')
    assert 'holds 0 of the' in tab.locator('#embedded').inner_text()
    assert not tab.locator('#trial').is_visible()
    tab.keyboard.press('ArrowRight')
    assert tab.locator('#causes a').count() == 0


def test_keys_lead_to_the_next_trial_and_back(page, open_page):
    tab = open_page(page)
    requests = [e['request'] for e in data_of(page)['episodes']]
    for key, place in (('j', 1), ('j', 2), ('k', 1), ('k', 0), ('k', 0)):
        tab.keyboard.press(key)
        shown = tab.locator('#list [aria-current] .request').text_content()
        assert shown == requests[place]
        assert tab.locator('#about h3').text_content() == f'“{shown}”'


def test_hostile_request_is_shown_as_it_was_said(page, open_page):
    hostile = next(e for e in data_of(page)['episodes'] if e['request'] == HOSTILE)
    tab = open_page(page, address=f'#trial=0%3A{hostile["id"]}')
    assert tab.locator('#about h3').text_content() == f'“{HOSTILE}”'
    assert tab.title() == f'Evaluation of {PLANNER}'
    assert tab.locator('img').count() == 0


@pytest.mark.parametrize('width', [400, 1600])
def test_page_fits_its_window_and_names_on_the_map_do_not_cover_one_another(page, open_page, width):
    tab = open_page(page, width=width)
    for _ in data_of(page)['episodes'][:12]:
        assert tab.evaluate('document.documentElement.scrollWidth') <= width
        boxes = tab.evaluate(BOXES)
        assert len(boxes) > 4
        for left, top, right, bottom in boxes:
            assert 0 <= left < right <= width
            others = (box for box in boxes if box != [left, top, right, bottom])
            for box in others:
                wide = min(right, box[2]) - max(left, box[0])
                high = min(bottom, box[3]) - max(top, box[1])
                assert wide < 8 or high < 8
        tab.keyboard.press('j')


def test_page_follows_the_scheme_of_the_machine(page, open_page):
    color = 'getComputedStyle(document.body).backgroundColor'
    backs = {scheme: open_page(page, scheme=scheme).evaluate(color) for scheme in ('light', 'dark')}
    assert backs == {'light': 'rgb(255, 255, 255)', 'dark': 'rgb(20, 24, 29)'}


def test_suites_that_differ_are_pointed_out(folder, page, open_page, tmp_path):
    other = copy_of(folder, tmp_path)
    scores = json.loads((other / REPORT).read_text('utf-8'))
    (other / REPORT).write_text(json.dumps({**scores, 'suite_sha256': 'another'}), 'utf-8')
    write_report([folder, other], tmp_path / 'report.html')
    assert open_page(tmp_path / 'report.html').locator('#suites').is_visible()
    assert not open_page(page).locator('#suites').is_visible()
