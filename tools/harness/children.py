# SPDX-License-Identifier: Apache-2.0
"""Processes of ours that never outlive us."""
import contextlib
import ctypes
import signal
import subprocess

PR_SET_PDEATHSIG = 1


def _die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@contextlib.contextmanager
def child(argv, **options):
    """A process of ours that never outlives the block."""
    process = subprocess.Popen([str(word) for word in argv], preexec_fn=_die_with_parent, **options)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
