# SPDX-License-Identifier: Apache-2.0
"""The machines' TPMs: made by swtpm_setup like a manufacturer would, and what can go wrong with one while a
machine runs."""
import contextlib
import dataclasses
import os
import pathlib
import shutil
import tempfile
import time

from . import children, place, tpm_proxy

BANKS = ("sha1", "sha256", "sha384", "sha512")
CERTIFICATE = "tpm-manufacturer.pem"   # who signed the certificates of a maker's TPMs


@dataclasses.dataclass(frozen=True)
class Options:
    """The TPM of one boot."""
    none: bool = False             # the machine has none
    state: pathlib.Path | None = None  # a folder that make() filled; None: a TPM of this boot alone
    slow: float = 0                # seconds by which each command is held back


PLAIN = Options()


class Maker:
    """Makes TPMs, with endorsement certificates of a manufacturer of its own."""

    def __init__(self, folder):
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)

    @property
    def certificate(self):
        """Whom an enrollment authority must trust to believe these TPMs: the issuer, and its root."""
        folder = self._folder
        return b"".join((folder / name).read_bytes()
                        for name in ("issuer.pem", "swtpm-localca-rootca-cert.pem"))

    def make(self, name, banks=()):
        """The state of a new TPM, or of the one that was made under that name before. `banks`: the only active
        ones; SHA-256 alone unless given."""
        state = self._folder / name
        if not state.exists():
            state.mkdir()
            place.run([place.tool("swtpm_setup"), "--tpm2", "--tpmstate", f"dir://{state}", "--create-ek-cert", "--vmid", name,
                       "--pcr-banks", ",".join(banks or ("sha256",)), "--config", self._configuration(),
                       "--logfile", self._folder / f"{name}.log"])
        return state

    def _configuration(self):
        folder = self._folder
        authority, options, setup = (folder / name for name in ("ca.conf", "ca.options", "setup.conf"))
        authority.write_text(f"statedir = {folder}\nsigningkey = {folder}/issuer.key\n"
                             f"issuercert = {folder}/issuer.pem\ncertserial = {folder}/serial\n")
        options.write_text("--platform-manufacturer Test\n--platform-version 1\n--platform-model Machine\n")
        setup.write_text(f"create_certs_tool = {place.tool('swtpm_localca')}\ncreate_certs_tool_config = "
                         f"{authority}\ncreate_certs_tool_options = {options}\n")
        return setup


class Attached:
    """A TPM in a running machine."""

    def __init__(self, process, proxy):
        self._process = process
        self._proxy = proxy

    @property
    def arguments(self):
        return ["-chardev", f"socket,id=tpm,path={self._proxy.path}", "-tpmdev", "emulator,id=tpm0,chardev=tpm",
                "-device", "tpm-tis,tpmdev=tpm0"]

    def slow(self, seconds):
        """From now on each command waits so long before the TPM gets it."""
        self._proxy.seconds = seconds

    def replay(self):
        """From now on each quote is answered by the last one, byte for byte."""
        self._proxy.replays = True

    def remove(self):
        """As if it broke: it answers nothing any more, and what it was asked fails at once."""
        self._process.kill()
        self._process.wait()
        self._proxy.seconds = 0


class Absent:
    """No TPM."""
    arguments = ()

    def _none(self, *_):
        raise place.HarnessError("this machine has no TPM")

    slow = replay = remove = _none


@contextlib.contextmanager
def attached(options, folder):
    """A software TPM that a machine can be started with; none where there is no swtpm."""
    swtpm = shutil.which("swtpm")
    if options.none or not swtpm:
        yield Absent()
        return
    with tempfile.TemporaryDirectory(prefix="warrant-tpm-") as scratch:  # a socket path must be short
        argv = [swtpm, "socket", "--tpm2", "--tpmstate", f"dir={options.state or scratch}", "--ctrl",
                f"type=unixio,path={scratch}/tpm", "--flags", "not-need-init,startup-clear"]
        with open(folder / "swtpm.log", "wb") as log, children.child(argv, stdout=log, stderr=log) as process:
            for _ in range(100):
                if os.path.exists(f"{scratch}/tpm"):
                    break
                time.sleep(0.02)
            with tpm_proxy.Proxy(f"{scratch}/sock", f"{scratch}/tpm", options.slow) as proxy:
                yield Attached(process, proxy)
