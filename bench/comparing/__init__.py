# SPDX-License-Identifier: Apache-2.0
"""What bench/compare, bench/gate and bench/plot have in common."""
