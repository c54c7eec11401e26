# SPDX-License-Identifier: Apache-2.0
"""The part of `ros2 doctor` that is ours, found by entry points of the ros2doctor package.

Base classes and their contract: ros2doctor/ros2doctor/api/__init__.py of
https://github.com/ros2/ros2cli.
"""

from __future__ import annotations

from ros2doctor.api import DoctorCheck, DoctorReport, Report, Result
from ros2doctor.api.format import doctor_error, doctor_warn

from prism_ros.doctor import examine

CATEGORY = 'prism'


class PrismCheck(DoctorCheck):
    """Says what is wrong; `ros2 doctor` counts errors, and warnings where it is asked to."""

    def category(self) -> str:
        """What links check and report."""
        return CATEGORY

    def check(self) -> Result:
        """Examine this machine and this ROS domain."""
        result = Result()
        for checked in examine():
            if checked.fault and checked.is_error:
                doctor_error(checked.fault)
                result.add_error()
            elif checked.fault:
                doctor_warn(checked.fault)
                result.add_warning()
        return result


class PrismReport(DoctorReport):
    """Says how all is: `ros2 doctor --report`."""

    def category(self) -> str:
        """What links check and report."""
        return CATEGORY

    def report(self) -> Report:
        """Examine this machine and this ROS domain."""
        report = Report('PRISM')
        for checked in examine():
            report.add_to_report(checked.name, checked.text)
        return report
