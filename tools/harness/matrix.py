# SPDX-License-Identifier: Apache-2.0
"""Results of many runs by scenario and kernel: the table that is printed and kept."""
import json

from . import workbench


def cell(finished):
    """What came of one scenario on one kernel; None: it was not run there."""
    if finished is None:
        return "-"
    total = finished.passed + finished.failed
    return f"{finished.failed} of {total} FAILED" if finished.failed else f"{total} ok"


class Matrix:
    """Runs, at most one of each scenario on each kernel."""

    def __init__(self, runs):
        self._runs = {(finished.scenario.name, finished.kernel): finished for finished in runs}
        self._kernels = list(dict.fromkeys(finished.kernel for finished in runs))
        self._names = sorted({finished.scenario.name for finished in runs})

    def lines(self):
        rows = [["scenario", *(f"{kernel} ({self._release(kernel)})" for kernel in self._kernels)]]
        for name in self._names:
            rows.append([name, *(cell(self._runs.get((name, kernel))) for kernel in self._kernels)])
        rows.append(["all", *(self._total(kernel) for kernel in self._kernels)])
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        return ["  ".join(word.ljust(width) for word, width in zip(row, widths)).rstrip() for row in rows]

    def _on(self, kernel):
        return [finished for (_, other), finished in self._runs.items() if other == kernel]

    def _release(self, kernel):
        return self._on(kernel)[0].release.removesuffix("-cloud-amd64")

    def _total(self, kernel):
        runs = self._on(kernel)
        failed = sum(finished.failed for finished in runs)
        return f"{sum(finished.passed for finished in runs)} passed, {failed} failed"

    def as_json(self):
        return {"kernels": {kernel: self._on(kernel)[0].release for kernel in self._kernels},
                "scenarios": {name: {kernel: {"passed": finished.passed, "failed": finished.failed,
                                              "folder": str(finished.folder)}
                                     for kernel in self._kernels
                                     if (finished := self._runs.get((name, kernel)))}
                              for name in self._names}}

    def keep(self):
        """Writes the table below .cache/runs/matrix and returns the folder."""
        folder = workbench.run_folder("matrix")
        (folder / "table.txt").write_text("\n".join(self.lines()) + "\n")
        (folder / "table.json").write_text(json.dumps(self.as_json(), indent=1) + "\n")
        return folder
