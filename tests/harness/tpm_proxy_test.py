# SPDX-License-Identifier: Apache-2.0
"""What stands between a machine and its TPM, against a TPM that only counts."""
import array
import pathlib
import socket
import struct
import tempfile
import threading
import time
import unittest

import support  # noqa: F401  (finds the harness)
from harness import tpm_proxy

SET_DATAFD = struct.pack(">I", 0x10)
DONE = struct.pack(">I", 0)
READ, QUOTE = 0x17E, tpm_proxy.QUOTE


def message(code, body=b""):
    return struct.pack(">HII", 0x8001, 10 + len(body), code) + body


class Counter:
    """A TPM: answers each command with how many there were, and the command."""

    def __init__(self, path):
        self.commands = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(1)
        self.data = None
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        control, _ = self._listener.accept()
        self._listener.close()
        order, passed, _, _ = socket.recv_fds(control, 4, 1)
        assert order == SET_DATAFD
        self.data = socket.socket(fileno=passed[0])
        control.sendall(DONE)
        while command := tpm_proxy.read_message(self.data):
            self.commands.append(command)
            self.data.sendall(message(0, bytes([len(self.commands)]) + command))
        control.close()


class Proxy(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        folder = pathlib.Path(scratch.name)
        self.tpm = Counter(f"{folder}/tpm")
        self.proxy = self.enterContext(tpm_proxy.Proxy(f"{folder}/sock", f"{folder}/tpm"))
        self.control = self.end(socket.socket(socket.AF_UNIX))
        self.control.connect(self.proxy.path)
        near, far = socket.socketpair()
        self.data = self.end(near)
        socket.send_fds(self.control, [SET_DATAFD], array.array("i", [far.fileno()]))
        far.close()
        self.assertEqual(self.control.recv(4), DONE)

    def end(self, opened):
        opened.settimeout(20)
        self.addCleanup(opened.close)
        return opened

    def ask(self, command):
        self.data.sendall(command)
        return tpm_proxy.read_message(self.data)

    def test_commands_and_answers_pass_unchanged_in_whatever_pieces(self):
        command = message(READ, bytes(range(256)) * 15)
        for byte in command[:20]:
            self.data.sendall(bytes([byte]))
        self.assertEqual(self.ask(command[20:]), message(0, b"\1" + command))
        self.assertEqual(self.tpm.commands, [command])

    def test_a_slow_tpm_gets_each_command_late(self):
        self.proxy.seconds = 0.3
        start = time.monotonic()
        self.data.sendall(message(READ))
        time.sleep(0.05)
        self.assertEqual(self.tpm.commands, [])
        self.assertEqual(tpm_proxy.read_message(self.data), message(0, b"\1" + message(READ)))
        self.assertGreaterEqual(time.monotonic() - start, 0.3)

    def test_what_waits_goes_on_when_it_is_fast_again(self):
        self.proxy.seconds = 1000
        self.data.sendall(message(READ))
        time.sleep(0.05)
        self.assertEqual(self.tpm.commands, [])
        self.proxy.seconds = 0
        self.assertEqual(tpm_proxy.read_message(self.data), message(0, b"\1" + message(READ)))

    def test_a_replayed_quote_is_the_last_one_and_all_else_is_asked_for(self):
        first = self.ask(message(QUOTE, b"a"))
        self.assertEqual(self.ask(message(QUOTE, b"b")), message(0, b"\2" + message(QUOTE, b"b")))
        self.proxy.replays = True
        self.assertEqual(self.ask(message(QUOTE, b"c")), message(0, b"\2" + message(QUOTE, b"b")))
        self.assertEqual(self.ask(message(READ)), message(0, b"\3" + message(READ)))
        self.assertNotEqual(first, self.ask(message(QUOTE, b"a")))

    def test_when_the_tpm_dies_the_machine_sees_the_end(self):
        self.tpm.data.shutdown(socket.SHUT_RDWR)
        self.assertEqual(self.ask(message(READ)), b"")
        self.assertEqual(self.control.recv(4), b"")


if __name__ == "__main__":
    unittest.main()
