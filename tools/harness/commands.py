# SPDX-License-Identifier: Apache-2.0
"""tools/vm run, list and replay."""
import concurrent.futures
import json

from . import kernels, machine, matrix, outcomes, place, product, runner, scenario


def run_options(parser):
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="default: all of them but the slow ones")
    parser.add_argument("--kernel", default=kernels.OLDEST, choices=[*kernels.KNOWN, kernels.ALL],
                        help=f"default {kernels.OLDEST}; {kernels.ALL}: each scenario on each kernel it names")
    parser.add_argument("--accel", choices=["tcg", "kvm"], default="tcg")
    parser.add_argument("--memory", type=int, default=1024, help="MiB (default 1024)")
    parser.add_argument("--cpus", type=int, default=2)
    parser.add_argument("--append", default="", help="more kernel command line")
    parser.add_argument("--baseline-only", action="store_true",
                        help="without the product: only see that every action works")
    parser.add_argument("--json", action="store_true", help="print results as one JSON document")
    parser.add_argument("--jobs", type=int, default=1, help="guests at once (default 1)")


def run_command(options):
    jobs = _jobs(options)
    runs = []
    for finished in _run_all(jobs, options):
        runs.append(finished)
        if not options.json:
            _print_run(finished)
    passed = sum(finished.passed for finished in runs)
    failed = sum(finished.failed for finished in runs)
    table = outcomes.keep(runs)
    if options.json:
        print(json.dumps({"passed": passed, "failed": failed,
                          "runs": [finished.as_json() for finished in runs]}, indent=1))
    else:
        _print_totals(runs)
        if len(runs) > 1:
            by_kernel = matrix.Matrix(runs)
            print("\n".join(f"# {line}" for line in by_kernel.lines()))
            print(f"# kept in {by_kernel.keep()}")
        print("".join(f"# {line}\n" for line in table), end="")
        if anew := sum(1 for finished in runs if finished.asked_anew):
            print(f"# {anew} of {len(runs)} runs had a guest that got stuck and were asked anew")
        print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed or not runs else 0


def _jobs(options):
    """[(scenario, kernel)], kernel by kernel."""
    names = options.scenarios or [name for name in scenario.names() if not scenario.load(name).slow]
    jobs = []
    for kernel in kernels.KNOWN if options.kernel == kernels.ALL else [options.kernel]:
        for name in names:
            if kernel in scenario.load(name).kernels:
                jobs.append((name, kernel))
            else:
                place.say(f"{name}: not meant for kernel {kernel}, left out")
    return jobs


def _run_all(jobs, options):
    """As many guests at once as asked for; those that mostly wait run beside the others, one after
    another. The first runs alone: the guest programs are compiled then, for all. In the order of
    the jobs, the waiting ones last."""
    patient = [job for job in jobs if scenario.load(job[0]).patient]
    busy = [job for job in jobs if job not in patient]
    with concurrent.futures.ThreadPoolExecutor(max_workers=1) as beside, \
            concurrent.futures.ThreadPoolExecutor(max_workers=options.jobs) as workers:
        for job in busy[:1]:
            yield _run_one(*job, options)
        waiting = [beside.submit(_run_one, *job, options) for job in patient]
        running = [workers.submit(_run_one, *job, options) for job in busy[1:]]
        try:
            for later in running + waiting:
                yield later.result()
        finally:
            for later in running + waiting:
                later.cancel()


def _run_one(name, kernel, options):
    place.say(f"# {name} on {kernel}: booting")
    finished, notes = machine.again_if_stuck(lambda: runner.run(name, kernel, options))
    finished.warnings += notes
    finished.asked_anew = bool(notes)
    return finished


def _print_run(finished):
    print(f"# {finished.scenario.name}: {finished.scenario.title} (kernel {finished.kernel}, "
          f"{finished.outcome.seconds:.1f} s)")
    for warning in finished.warnings:
        print(f"# {warning}")
    for check in finished.checks:
        print(check.line())
    for figure in finished.figures:
        print(f"# {figure}")
    if finished.failed:
        print(f"# left in {finished.folder}")
    print(end="", flush=True)


def _print_totals(runs):
    kinds = {"deny": "denials", "allow": "authorized twins", "baseline": "baselines"}
    counts = {words: sum(1 for finished in runs for check in finished.checks
                         if check.kind == kind and not check.problem)
              for kind, words in kinds.items()}
    print("# " + ", ".join(f"{count} {words}" for words, count in counts.items() if count))


def list_options(parser):
    parser.add_argument("--json", action="store_true")


def list_command(options):
    loaded = [scenario.load(name) for name in scenario.names()]
    if options.json:
        print(json.dumps([{"name": one.name, "title": one.title, "kernels": one.kernels}
                          for one in loaded], indent=1))
        return 0
    for one in loaded:
        actions = [item for item in one.sequence if isinstance(item, scenario.Action)]
        denials = sum(len(action.uids) for action in actions if action.expect.verdict == "deny")
        allowed = sum(len(action.uids) for action in actions) - denials
        print(f"{one.name:24} {denials:3} denials {allowed:3} allowed  {one.title}")
    return 0


def replay_options(parser):
    parser.add_argument("transcript", help="transcript.jsonl of a run, or any lineage file")


def replay_command(options):
    print(product.warrant("replay", options.transcript), end="")
    return 0
