"""`python -m faultline app.py [arguments]`, `python -m faultline -m module [arguments]`: runs a program with its graphs recorded."""

from __future__ import annotations

import os
import runpy
import sys

from faultline.instrumentor import instrument

_USAGE = "usage: python -m faultline (PROGRAM.py | -m MODULE) [ARGUMENT ...]"


def main() -> None:
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in ("-h", "--help") or arguments[:1] == ["-m"] and len(arguments) < 2:
        sys.stderr.write(f"{_USAGE}\n")
        raise SystemExit(0 if arguments[:1] in (["-h"], ["--help"]) else 2)
    instrument()
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        sys.path[0] = os.getcwd()
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        sys.path[0] = os.path.dirname(os.path.abspath(arguments[0]))
        runpy.run_path(arguments[0], run_name="__main__")


main()
