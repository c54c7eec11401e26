# SPDX-License-Identifier: Apache-2.0
"""What a teacher behind HTTP does wrong is answered with its code, and it plans again once it does
not; who asks for no planner by name has the next one's plan meanwhile.
"""

from __future__ import annotations

from prism_ros.errors import CODE_NAMES

from ..core.teacher_server import CANARY, MODEL
from ..faults import recovery
from .asking import again, plan
from .teachers import serve_teacher
from .test_planner_order import start

ANSWERS = {
    'HTTP 429, too many requests': '429',
    'HTTP 500': '500',
    'HTTP 503': '503',
    'no answer': 'stall',
    'an answer byte by byte': 'drip',
    'the connection is cut': 'cut',
    'the connection is cut in mid-answer': 'cut-body',
    'half an answer': 'bad-body',
    'a reply that was cut off': 'truncated',
    'wrong JSON': 'wrong-schema',
    'prose': 'prose',
    'a place that is not there': 'invalid-plan',
    'a refusal': 'refusal',
    'an empty reply': 'empty',
    'the content filter': 'filtered',
}


def test_what_a_teacher_does_wrong_is_answered_and_it_plans_again(ros, monkeypatch, tmp_path):
    with serve_teacher(monkeypatch, tmp_path, patience_s=0.2) as teacher:
        start(ros, 'teacher=lm', 'symbolic', planner__breaker_failures=0)
        assert plan(ros, timeout_s=30.0).plan.model_id == MODEL

        def check(name: str, strike, mend) -> None:
            with recovery(f'teacher: {name}') as fault:
                strike()
                response = plan(ros, planner='teacher', timeout_s=1.0)
                fault.says(CODE_NAMES[response.error_code])
                assert CANARY not in response.error_msg
                mend()
                fault.is_mended()
                again(ros, lambda: plan(ros, planner='teacher', timeout_s=5.0).success)

        for name, kind in ANSWERS.items():
            check(
                name,
                lambda kind=kind: setattr(teacher, 'fault', lambda ask: kind),
                lambda: setattr(teacher, 'fault', lambda ask: ''),
            )
        check('it is not there', teacher.go_down, teacher.come_up)
