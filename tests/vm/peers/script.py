#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
print("INTR" + "UDED")
