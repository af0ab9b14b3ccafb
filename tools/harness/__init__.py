# SPDX-License-Identifier: Apache-2.0
"""The VM harness: kernels, images, machines, scenarios and what came of them."""
