# SPDX-License-Identifier: Apache-2.0
"""From a data set to a student: trained, merged, exported, quantised."""
