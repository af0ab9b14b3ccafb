# SPDX-License-Identifier: Apache-2.0
# Executes an unsigned program that has no path.
import os

memory = os.memfd_create("program")
with open("/tmp/try/program", "rb") as program:
    os.write(memory, program.read())
os.execve(memory, ["program"], {})
