# SPDX-License-Identifier: Apache-2.0
"""tools/vm guest test venv: a developer makes a virtual environment, compiles an extension in C into it
and imports it, under enforcement. Only what nobody signed is refused: the environment's own pip, a script
of its place, and the extension."""
from . import developer, guest, judge, part

SOURCE = f"{developer.HOME}/greeting"
VENV = f"{developer.HOME}/venv"
PYTHON, PIP = f"{VENV}/bin/python", f"{VENV}/bin/pip"
LIBRARY = f"{VENV}/lib/python3.11/site-packages/greeting.cpython-311-x86_64-linux-gnu.so"
# No index: setuptools is what the venv brings along, the compiler is Debian's.
INSTALL = (f"{PIP} install --quiet --no-index --no-build-isolation --no-deps --force-reinstall "
           f"--disable-pip-version-check {SOURCE}")
SETUP = """from setuptools import Extension, setup
setup(name="greeting", version="1", ext_modules=[Extension("greeting", ["greeting.c"])])
"""
MODULE = """#include <Python.h>
static PyObject *say(PyObject *self, PyObject *none) { return PyUnicode_FromString("first"); }
static PyMethodDef methods[] = {{"say", say, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "greeting", NULL, -1, methods};
PyMODINIT_FUNC PyInit_greeting(void) { return PyModule_Create(&module); }
"""
IMPORT = ("-c", "import greeting; print(greeting.say())")


class VenvPart(part.Part):
    """The environment, the extension before and after its signature, and the same built anew."""

    name = "venv"
    variant = guest.WORK
    limit = 1500

    def plan(self):
        self._developer = developer.Developer(self)
        for name, text in (("setup.py", SETUP), ("greeting.c", MODULE)):
            self.session.file(f"{SOURCE}/{name}", text.encode(), 0o644)
        self._developer.prepare()
        self.ask("his sources are his", f"chown -R {developer.UID}:{developer.UID} {SOURCE}", part.said(""))
        self._developer.ask("python3 -m venv", f"python3 -m venv {VENV}", part.said(""), seconds=400)
        self.refuse("its pip is a script that nobody signed", PIP, "--version", uid=developer.UID,
                    cgroup=developer.SLICE)
        self._developer.sign("environment", PIP)
        self._developer.run_program("the pip that the developer signed runs", part.told(f"from {VENV}/"), PIP,
                                    "--version")
        self._developer.ask("pip compiles and installs the extension", f"{INSTALL} && ls {LIBRARY}",
                            part.told(LIBRARY), seconds=300)
        self._refused("before it is signed: the import is refused", "missing authorization", developer.UID,
                      developer.SLICE)
        self._developer.sign("extension", LIBRARY)
        self._developer.run_program("the venv's python imports it", part.said("first\n"), PYTHON, *IMPORT)
        self._elsewhere()
        self._built_anew()

    def _refused(self, step, reason, uid, cgroup):
        self.run_program(step, import_refused, PYTHON, *IMPORT, uid=uid, cgroup=cgroup)
        self.expect_denial(step, LIBRARY, reason)

    def _elsewhere(self):
        for name, uid, cgroup in (("another uid", 1001, developer.SLICE), ("root", 0, developer.SLICE),
                                  ("the same uid outside of the cgroup", developer.UID, "/elsewhere.slice")):
            self._refused(f"{name} may not import it", "initiator identity mismatch", uid, cgroup)

    def _built_anew(self):
        self._developer.ask("it is changed, compiled and installed over the signed one",
                            f"sed -i s/first/second/ {SOURCE}/greeting.c && {INSTALL}", part.fine, seconds=300)
        self._refused("the new one is refused until it is signed, too", "missing authorization", developer.UID,
                      developer.SLICE)
        self._developer.sign("second", LIBRARY)
        self._developer.run_program("the venv's python imports the new one", part.said("second\n"), PYTHON,
                                    *IMPORT)


def import_refused(result):
    """Python's ImportError of a library that the kernel did not let be mapped. The loader of glibc 2.36 does
    not tell the errno; the kernel's record, which is asked for besides, has the reason."""
    wanted = f"ImportError: {LIBRARY}: failed to map segment from shared object"
    return "" if result["exit"] == 1 and wanted in result["stderr"] else judge.describe(result)
