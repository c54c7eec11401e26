# SPDX-License-Identifier: Apache-2.0
"""The planner that is made of a language model: with scripted replies, and over a real server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from prism_core import (
    Action,
    ConfigError,
    Plan,
    PlannerError,
    PlannerUnavailable,
    PlanRejected,
    SceneGraph,
    find_planner,
    render_plan,
    run_episode,
)
from prism_core.config_file import render_config
from prism_core.domain import find_domain
from prism_core.inference.endpoint.teacher_api import ApiModel
from prism_core.inference.lm_factory import CONFIG_VARIABLE, make_lm_planner, make_teacher_planner
from prism_core.inference.lm_planner import LMPlanner, Rejected
from prism_core.testing import ScriptedTextModel, check_planner, check_planner_in_episodes

from .mapping_worlds import episodes_of, simulator_of
from .teacher_server import (
    CANARY,
    HTTP_FAULTS,
    KEY_VARIABLE,
    REPLY_FAULTS,
    TeacherServer,
    at_rate,
)

DOMAIN = find_domain('mapping')
SPINE = DOMAIN.make_dialect('spine')
GOOD = Plan((Action('goto', ('road_1',)),), 'go', ('road_1',), 'It is near.')
INVALID = Plan((Action('goto', ('atlantis_1',)),))


@pytest.fixture(autouse=True)
def key_in_the_environment(monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, CANARY)


def some_episodes():
    return episodes_of(range(60, 63), tier='core', hidden=0.4)[:12]


def make(script, **options) -> tuple[LMPlanner, ScriptedTextModel]:
    model = ScriptedTextModel(script)
    return LMPlanner(model, SPINE, DOMAIN.table, **options), model


def test_the_model_is_asked_with_the_prompt_of_the_dataset_and_its_plan_is_given(depot):
    planner, model = make([render_plan(GOOD)], header='Plan well.')
    assert planner.plan('go to the road', depot, ()) == GOOD
    assert model.calls == [SPINE.render_prompt('go to the road', depot, (), header='Plan well.')]


@pytest.mark.parametrize(
    ('reply', 'reason'),
    [
        (render_plan(INVALID), "Step 1: The scene graph does not contain 'atlantis_1'"),
        ('I would drive to the road.', 'The reply cannot be read: expected a JSON object'),
        ('{"answer": 42}', 'the JSON object has no "plan"'),
        (render_plan(GOOD)[:50], 'The reply cannot be read'),
    ],
)
def test_a_reply_that_is_not_accepted_goes_back_with_the_reason(depot, reply, reason):
    rejected: list[Rejected] = []
    planner, model = make([reply, render_plan(GOOD)], on_rejected=rejected.append)
    assert planner.plan('go to the road', depot, ()) == GOOD
    first, second = model.calls
    assert second[:-2] == first
    assert second[-2] == {'role': 'assistant', 'content': reply}
    assert second[-1]['content'].startswith('feedback: ')
    assert reason in second[-1]['content']
    assert [(r.turn, r.reply) for r in rejected] == [(0, reply)]
    assert reason in rejected[0].reason


def test_after_its_tries_the_planner_gives_up_with_the_last_reason(depot):
    rejected: list[Rejected] = []
    replies = ['one', 'two', render_plan(INVALID), render_plan(GOOD)]
    planner, model = make(replies, on_rejected=rejected.append)
    with pytest.raises(PlanRejected, match=r"no plan within 3 tries; the last: .*'atlantis_1'"):
        planner.plan('go to the road', depot, ())
    assert [r.reply for r in rejected] == replies[:3]
    assert len(model.calls) == 3


def test_a_student_is_asked_again_in_other_handles_and_never_told_why(depot):
    compact = [DOMAIN.make_dialect('compact', number) for number in range(3)]
    plan = Plan((Action('goto', ('road_1',)), Action('map_region', ('road_1',))))
    replies = ['say it', 'again', compact[2].render_reply(plan, depot)]
    model = ScriptedTextModel(replies)
    planner = LMPlanner(model, compact[0], DOMAIN.table, redraw=compact.__getitem__)
    assert planner.plan('go to the road', depot, ()).actions == plan.actions
    assert model.calls == [d.render_prompt('go to the road', depot, ()) for d in compact]
    assert len({call[0]['content'] for call in model.calls}) == 3


def test_no_plan_comes_where_the_robot_is_nowhere(depot):
    planner, model = make([render_plan(GOOD)])
    nowhere = SceneGraph(depot.nodes.values(), depot.connections.values())
    with pytest.raises(PlannerError, match='set the robot location'):
        planner.plan('go to the road', nowhere, ())
    assert not model.calls


def test_an_error_of_the_model_is_the_planners(depot):
    planner, _ = make([PlannerUnavailable('out of order')])
    with pytest.raises(PlannerUnavailable, match='out of order'):
        planner.plan('go to the road', depot, ())


def test_replies_in_json_have_a_schema_that_endpoints_take_as_strict():
    schema = SPINE.reply_schema
    assert list(schema['properties']) == ['primary_goal', 'relevant_graph', 'reasoning', 'plan']
    assert schema['required'] == list(schema['properties'])
    assert schema['additionalProperties'] is False
    assert all(spec.signature in str(schema) for spec in DOMAIN.table.values())
    assert DOMAIN.make_dialect('compact').reply_schema is None


def test_with_scripted_replies_the_planner_keeps_the_contract(depot):
    class Same(ScriptedTextModel):
        def complete(self, messages, **_):
            return render_plan(GOOD)

    cases = [('go to the road', depot, ()), ('go', SceneGraph(), ())]
    check_planner(LMPlanner(Same(()), SPINE, DOMAIN.table), cases)


def test_over_http_the_planner_keeps_the_contract_in_closed_loop(symbolic):
    with TeacherServer() as server:
        config = server.config()

        def make_planner(_):
            return make_teacher_planner(ApiModel(config), DOMAIN, config)

        episodes = some_episodes()[:3]
        check_planner_in_episodes(make_planner, episodes, simulator_of)
        for episode in episodes:
            planner = make_planner(episode)
            asked = run_episode(planner, simulator_of(episode), episode)
            planner.close()
            assert asked.turns == run_episode(symbolic, simulator_of(episode), episode).turns
        assert server.asks[0].body['response_format']['json_schema']['name'] == 'spine_reply'


def test_through_faults_of_every_kind_all_episodes_end_as_without():
    episodes = some_episodes()
    with TeacherServer() as server:
        calm = _run_all(server, episodes, [])
    rejected: list[Rejected] = []
    kinds = (*(f for f in HTTP_FAULTS if f != '429-wait'), *REPLY_FAULTS)
    with TeacherServer(fault=at_rate(0.5, kinds)) as server:
        stormy = _run_all(server, episodes, rejected, timeout_s=0.5)
    assert [e.turns for e in stormy] == [e.turns for e in calm]
    assert {e.ending for e in stormy} <= {'reported', 'asked'}
    assert rejected
    assert len(server.statuses) > 3


def _run_all(server, episodes, rejected, **settings):
    config = server.config(**settings)
    model = ApiModel(config)
    planner = make_teacher_planner(model, DOMAIN, config, on_rejected=rejected.append)
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda e: run_episode(planner, simulator_of(e), e), episodes))
    planner.close()
    return runs


def test_a_planner_is_made_from_the_settings_that_the_environment_names(
    tmp_path, monkeypatch, depot, symbolic
):
    path = tmp_path / 'teacher.yaml'
    with TeacherServer() as server:
        path.write_text(render_config(server.config()))
        monkeypatch.setenv(CONFIG_VARIABLE, str(path))
        planner = find_planner('prism_core.inference.lm_factory:make_lm_planner')()
        assert planner.name == 'lm'
        request = 'inspect the forklift'
        plan = planner.plan(request, depot, ())
        planner.close()
        assert plan == symbolic.plan(request, depot, ())
        assert server.asks[0].messages[0] == {
            'role': 'system',
            'content': DOMAIN.make_header(SPINE),
        }


def test_the_settings_name_the_domain(tmp_path, monkeypatch):
    path = tmp_path / 'teacher.yaml'
    path.write_text('model: m\ndomain: opera\n')
    monkeypatch.setenv(CONFIG_VARIABLE, str(path))
    with pytest.raises(ConfigError, match="unknown domain 'opera': expected one of"):
        make_lm_planner()


def test_without_settings_no_planner_is_made(monkeypatch):
    monkeypatch.delenv(CONFIG_VARIABLE, raising=False)
    with pytest.raises(ConfigError, match='PRISM_TEACHER_CONFIG is not set'):
        make_lm_planner()
    monkeypatch.setenv(CONFIG_VARIABLE, '/nowhere.yaml')
    with pytest.raises(ConfigError, match=r'cannot read /nowhere\.yaml'):
        make_lm_planner()
