#!/usr/bin/env python3
"""Compiles and links every C snippet of README.md and of mychat.h: check_snippets.py SOURCE_DIR LIBRARY CC"""
import pathlib
import re
import subprocess
import sys
import tempfile

source, library, compiler = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
readme = (source / "README.md").read_text()
header = (source / "include/mychat/mychat.h").read_text()
snippets = [("README.md", s) for s in re.findall(r"^```c\n(.*?)^```", readme, re.M | re.S)]
for block in re.findall(r"@code\{\.c\}\n(.*?)@endcode", header, re.S):
    snippets.append(("mychat.h", re.sub(r"^ \* ?", "", block, flags=re.M)))
assert {name for name, _ in snippets} == {"README.md", "mychat.h"}, "a snippet is missing"
with tempfile.TemporaryDirectory() as folder:
    for i, (name, text) in enumerate(snippets):
        file = pathlib.Path(folder) / f"snippet{i}.c"
        file.write_text(text.rstrip(" *\n") + "\n")
        command = [compiler, "-std=c99", "-Wall", "-Wextra", "-Werror", "-I", str(source / "include"), str(file),
                   "-o", str(file.with_suffix("")), str(library), f"-Wl,-rpath,{library.parent}"]
        done = subprocess.run(command, capture_output=True, text=True)
        print(f"{name}: {'compiles and links' if done.returncode == 0 else done.stderr}")
        if done.returncode != 0:
            sys.exit(1)
print(f"{len(snippets)} snippets checked")
