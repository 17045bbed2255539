#!/usr/bin/env python3
"""The reference of the package by pdoc, from its types and descriptions: docs.py FOLDER. What is not described is an error."""

from __future__ import annotations

import pathlib
import sys
from unittest import mock

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "src"))
sys.dont_write_bytecode = True
# All there is to document is Python: the extension need not be built.
sys.modules["mychat._mychat"] = mock.MagicMock()

import pdoc  # noqa: E402
import pdoc.doc  # noqa: E402


def undocumented(namespace: pdoc.doc.Namespace) -> list[str]:
    missing = []
    for name, member in namespace.members.items():
        if name.startswith("_") or name == "mychat":
            continue
        if isinstance(member, pdoc.doc.Class) and "Enum" not in str(member.bases):
            missing += undocumented(member)
        if isinstance(member, (pdoc.doc.Class, pdoc.doc.Function)) and not member.docstring and not member.is_inherited:
            missing.append(member.fullname)
    return missing


def main() -> int:
    modules = ["mychat", "mychat.federation", "mychat.mls", "mychat.testing"]
    missing = [name for module in modules for name in undocumented(pdoc.doc.Module.from_name(module))]
    if missing:
        print("without a description: " + ", ".join(missing), file=sys.stderr)
        return 1
    pdoc.pdoc(*modules, output_directory=pathlib.Path(sys.argv[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
