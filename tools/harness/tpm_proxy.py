# SPDX-License-Identifier: Apache-2.0
"""Stands between QEMU and swtpm, so that a TPM can be slow, or answer what it answered before. QEMU opens one
connection for control; in its first command, CMD_SET_DATAFD, it passes the descriptor by which TPM commands come.
swtpm is passed another one, ours, and each command is held back before it goes on."""
import array
import contextlib
import socket
import struct
import threading
import time

CONTROL_ROOM = 65536
HEADER = struct.Struct(">HII")     # tag, size of all, code (TPM 2.0 part 1, 18)
QUOTE = 0x158                      # TPM2_Quote (part 2, 6.5.2)
PATIENCE = 0.2                     # how soon a change of the delay is noticed, in seconds


def read_message(source):
    """One whole TPM command or answer, or b"" at the end."""
    message = b""
    wanted = HEADER.size
    while len(message) < wanted:
        more = source.recv(wanted - len(message))
        if not more:
            return b""
        message += more
        if len(message) == HEADER.size:
            wanted = max(HEADER.unpack(message)[1], HEADER.size)
    return message


class Proxy:
    """Listens at `path` for one machine; `behind` is where swtpm listens."""

    def __init__(self, path, behind, seconds=0):
        self.path = path
        self.seconds = seconds
        self.replays = False       # whether a quote is answered by the one before
        self._quote = b""          # the last answer to one
        self._behind = behind
        self._ends = []
        self._closed = False
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(1)

    def __enter__(self):
        self._start(self._accept)
        return self

    def __exit__(self, *_):
        self._closed = True
        for end in [self._listener, *self._ends]:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    @staticmethod
    def _start(what, *arguments):
        threading.Thread(target=what, args=arguments, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            machine, _ = self._listener.accept()
            behind = socket.socket(socket.AF_UNIX)
            behind.connect(self._behind)
            self._ends += [machine, behind]
            self._start(self._relay, behind, machine)
            self._control(machine, behind)

    def _relay(self, source, target):
        """Until one of them ends; then the other learns of it."""
        with contextlib.suppress(OSError):
            while data := source.recv(CONTROL_ROOM):
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    def _control(self, machine, behind):
        with contextlib.suppress(OSError):
            while True:
                data, passed, _, _ = socket.recv_fds(machine, CONTROL_ROOM, 1)
                if not data:
                    break
                ours = [self._between(descriptor) for descriptor in passed]
                behind.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                                         array.array("i", [end.fileno() for end in ours]))] if ours else [])
                for end in ours:
                    end.close()
        with contextlib.suppress(OSError):
            behind.shutdown(socket.SHUT_RDWR)

    def _between(self, descriptor):
        """What swtpm gets instead of QEMU's descriptor."""
        machine = socket.socket(fileno=descriptor)
        near, far = socket.socketpair()
        self._ends += [machine, near]
        self._start(self._commands, machine, near)
        return far

    def _commands(self, machine, behind):
        with contextlib.suppress(OSError):
            while command := read_message(machine):
                self._hold()
                answer = self._answer(command, behind)
                if not answer:
                    break
                machine.sendall(answer)
        for end in (machine, behind):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _answer(self, command, behind):
        is_quote = HEADER.unpack(command[:HEADER.size])[2] == QUOTE
        if is_quote and self.replays and self._quote:
            return self._quote
        behind.sendall(command)
        answer = read_message(behind)
        if is_quote:
            self._quote = answer
        return answer

    def _hold(self):
        """As long as the delay is by then: who makes the TPM fast again frees what waits."""
        began = time.monotonic()
        while not self._closed and (left := began + self.seconds - time.monotonic()) > 0:
            time.sleep(min(left, PATIENCE))
