# SPDX-License-Identifier: Apache-2.0
"""From worlds to a published student in one go: all stages, each done once."""
