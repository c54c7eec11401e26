# SPDX-License-Identifier: Apache-2.0
"""What several ROS tests check alike."""

from prism_ros.errors import CODE_NAMES


def assert_refused(response, code, *words) -> str:
    """The response is a refusal with this code and one sentence that has these words; the name of
    the code.
    """
    assert not response.success
    assert CODE_NAMES[response.error_code] == CODE_NAMES[code], response.error_msg
    for word in words:
        assert word in response.error_msg
    assert '\n' not in response.error_msg
    return CODE_NAMES[code]
