# SPDX-License-Identifier: Apache-2.0
"""Homes, errands and plans of ALFRED, as data."""
