# SPDX-License-Identifier: Apache-2.0
"""`prism bench bars`: whether the nodes hold what they promise about time and about what they leave
behind, a file for each bar.
"""
