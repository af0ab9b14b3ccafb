# SPDX-License-Identifier: Apache-2.0
"""TPMs for tests of the command line tool: swtpm on unix sockets, ended with the test."""
import socket
import struct
import subprocess
import time
import unittest

MACHINE_ID = "0123456789abcdef0123456789abcdef"


class TpmTest(unittest.TestCase):
    """To be mixed in before WorkshopTest, in whose directory the TPMs' states lie."""

    def make_maker(self, name):
        home = self.path(name)
        home.mkdir()
        (home / "localca.conf").write_text(
            f"statedir = {home}\nsigningkey = {home}/signkey.pem\n"
            f"issuercert = {home}/issuercert.pem\ncertserial = {home}/certserial\n")
        (home / "localca.options").write_text(
            "--platform-manufacturer Warrant\n--platform-version 1\n--platform-model Test\n")
        (home / "setup.conf").write_text(
            "create_certs_tool = swtpm_localca\n"
            f"create_certs_tool_config = {home}/localca.conf\n"
            f"create_certs_tool_options = {home}/localca.options\n")
        return home

    def start_tpm(self, name, maker=None):
        state = self.path(name)
        state.mkdir()
        if maker:
            subprocess.run(["swtpm_setup", "--tpm2", "--tpmstate", state, "--create-ek-cert",
                            "--config", maker / "setup.conf"], check=True, capture_output=True)
        path = f"{state}/tpm"
        child = subprocess.Popen(
            ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={state}", "--server",
             f"type=unixio,path={path}", "--ctrl", f"type=unixio,path={path}.ctrl", "--flags",
             "not-need-init,startup-clear"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        self.wait_for(child, path)
        return f"swtpm:path={path}"

    def wait_for(self, child, path):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            self.assertIsNone(child.poll(), "swtpm ended")
            with socket.socket(socket.AF_UNIX) as connection:
                if connection.connect_ex(path) == 0:
                    return
            time.sleep(0.005)
        self.fail("swtpm does not listen")

    def extend(self, tcti, pcr, digest):
        """TPM2_PCR_Extend of the SHA-256 bank, with an empty password (part 3, 22.2)."""
        body = struct.pack(">IIIHBHIH", pcr, 9, 0x40000009, 0, 0, 0, 1, 0x000b)
        body += bytes.fromhex(digest)
        command = struct.pack(">HII", 0x8002, 10 + len(body), 0x182) + body
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(tcti.split("path=")[1])
            connection.sendall(command)
            response = connection.recv(4096)
        self.assertEqual(struct.unpack(">HII", response[:10])[2], 0)
