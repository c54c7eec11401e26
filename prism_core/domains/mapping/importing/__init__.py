# SPDX-License-Identifier: Apache-2.0
"""Files that others have: logs of SPINE, suites of the reference code (PRISM)."""
