# SPDX-License-Identifier: Apache-2.0
"""The command line of tools/vm: one table is dispatcher and help."""
import argparse
import signal
import sys

from . import bypasses, capture, commands, guest_commands, kernels, place, workbench


def kernel_options(parser):
    parser.add_argument("name", nargs="?", default=kernels.OLDEST, choices=kernels.KNOWN)
    parser.add_argument("--refresh", action="store_true", help="ask apt for the current version again")


def kernel_command(options):
    kernel = kernels.fetch(options.name, options.refresh)
    print(f"{kernel.name}\t{kernel.version}\t{kernel.image}")
    return 0


COMMANDS = {
    "run": (commands.run_options, commands.run_command, "run scenarios; the last line counts"),
    "list": (commands.list_options, commands.list_command, "the scenarios there are"),
    "bypasses": (bypasses.options, bypasses.command, "the page of techniques, made of the scenarios"),
    "replay": (commands.replay_options, commands.replay_command,
               "recompute every recorded verdict with decide()"),
    "capture": (capture.options, capture.command, "the execs of a log as a scenario"),
    "kernel": (kernel_options, kernel_command, "fetch a kernel into the cache"),
    "boot": (workbench.boot_options, workbench.boot_command,
             "run a shell command in a small guest without the product"),
    "shell": (workbench.machine_options, workbench.shell_command, "a shell in a small guest (exit to end)"),
    "guest": (guest_commands.options, guest_commands.command,
              "build, boot or test the Debian guest"),
}


def main(arguments):
    parser = argparse.ArgumentParser(prog="tools/vm", description="Test machines and scenarios.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (add_options, _, help_text) in COMMANDS.items():
        add_options(commands.add_parser(name, help=help_text, description=help_text))
    options = parser.parse_args(arguments)
    # A kill must end our children like an interrupt does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return COMMANDS[options.command][1](options)
    except place.HarnessError as error:
        place.say(f"tools/vm: {error}")
        return 2
    except KeyboardInterrupt:
        return 130
