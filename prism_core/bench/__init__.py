# SPDX-License-Identifier: Apache-2.0
"""What planning costs on this machine."""
