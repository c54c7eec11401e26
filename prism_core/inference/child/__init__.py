# SPDX-License-Identifier: Apache-2.0
"""The engine as a supervised process of its own."""
