# SPDX-License-Identifier: Apache-2.0
# Loads an unsigned library that has no path.
import ctypes
import os

memory = os.memfd_create("library")
with open("/tmp/try/library.so", "rb") as library:
    os.write(memory, library.read())
ctypes.CDLL(f"/proc/self/fd/{memory}")
