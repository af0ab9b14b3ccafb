# SPDX-License-Identifier: Apache-2.0
"""tools/vm guest test units: Debian's own units are restarted, started and reloaded under enforcement,
and nothing is denied."""
from . import part

# What runs all the time: each must come back as another process.
DAEMONS = ("systemd-journald", "systemd-udevd", "systemd-logind", "systemd-timesyncd", "dbus",
           "getty@tty1", "serial-getty@ttyS0", "systemd-networkd")
# What is started when somebody asks over the bus.
ACTIVATED = {"systemd-hostnamed": "hostnamectl --static", "systemd-timedated": "timedatectl show",
             "systemd-localed": "localectl status"}
# What does its work and ends.
ONESHOTS = ("systemd-tmpfiles-clean", "systemd-sysctl", "systemd-modules-load",
            "systemd-random-seed", "systemd-udev-trigger",
            "systemd-user-sessions", "systemd-sysusers", "kmod-static-nodes", "systemd-binfmt",
            "systemd-journal-flush", "systemd-update-utmp", "dpkg-db-backup", "fstrim",
            "e2scrub_all", "apt-daily")
RESTART = """systemctl start {unit} && systemctl reset-failed {unit} || exit 1
old=$(systemctl show -P InvocationID {unit}); pid=$(systemctl show -P MainPID {unit})
systemctl restart {unit} || exit 1
[ "$(systemctl is-active {unit})" = active ] || exit 1
[ "$(systemctl show -P InvocationID {unit})" != "$old" ] || exit 1
[ "$(systemctl show -P MainPID {unit})" != "$pid" ] && echo another"""


class UnitsPart(part.Part):
    """A restart of each, as root; then all that systemd itself does anew."""

    name = "units"

    def plan(self):
        self.ask("the system is up and running", "systemctl is-system-running --wait",
                 part.said("running\n"), seconds=200)
        for unit in DAEMONS:
            self.ask(f"{unit} is restarted", RESTART.format(unit=f"{unit}.service"),
                     part.said("another\n"))
        for unit, question in ACTIVATED.items():
            self.ask(f"{unit} answers when it is asked",
                     f"{question} > /dev/null && systemctl stop {unit}.service && {question} > /dev/null "
                     f"&& systemctl is-active {unit}.service", part.said("active\n"))
        for unit in ONESHOTS:
            self.ask(f"{unit} does its work again",
                     f"systemctl restart {unit}.service && systemctl show -P Result {unit}.service",
                     part.said("success\n"))
        self.ask("systemd itself is executed anew",
                 "systemctl daemon-reexec && systemctl daemon-reload && "
                 "systemctl is-active multi-user.target", part.said("active\n"))
        self.ask("a transient unit runs", "systemd-run --quiet --wait --pipe /bin/echo ran",
                 part.said("ran\n"))
        self.ask("no unit failed in all of this", "systemctl --failed --plain --no-legend",
                 part.said(""))
