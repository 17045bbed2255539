#!/usr/bin/env python3
"""tidy.py BUILD FILE...: clang-tidy for files of one configured build, as many at a time as there are processors.

Nearly all that clang-tidy does for a file is for its headers, which a folder's files share: files that are compiled alike
are read as one text. That text only ever acquits. Files in which anything is found are looked at by themselves, and what
is found then is what counts; so are those that cannot be in one text, because names of their own meet.
"""

from __future__ import annotations

import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
from typing import Dict, List, Set, Tuple

TIDY, COMPILER = "clang-tidy-16", "clang++-16"


def groups(build: str, files: List[str]) -> List[Tuple[List[str], List[str]]]:
    """Files that have a folder and all arguments in common, and these."""
    found: Dict[Tuple[str, ...], List[str]] = {}
    left = {os.path.abspath(file) for file in files}
    for entry in json.loads(pathlib.Path(build, "compile_commands.json").read_text()):
        if entry["file"] in left:
            left.remove(entry["file"])
            words = shlex.split(entry["command"])[1:]
            for option in ("-o", "-c"):
                del words[words.index(option) : words.index(option) + 2]
            # For includes beside the file; not -I, which would let limits.h of a folder stand for that of the system.
            found.setdefault(("-iquote", os.path.dirname(entry["file"]), *words), []).append(entry["file"])
    if left:
        sys.exit(f"tidy: not compiled by the build: {' '.join(sorted(left))}")
    return [(sorted(files), list(words)) for words, files in found.items()]


def run(*command: str) -> Tuple[bool, str]:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return done.returncode == 0, done.stdout + done.stderr


def suspects(files: List[str], words: List[str]) -> List[str]:
    """Those of the files of which one text says something."""
    with tempfile.TemporaryDirectory(prefix="mychat-tidy-") as folder:
        text = os.path.join(folder, "text.cpp")
        owners: List[str] = []  # Of each line of the text.
        with open(text, "w") as out:
            for file in files:
                source = pathlib.Path(file).read_text() + "\n"
                out.write(source)
                owners += source.count("\n") * [file]
        good, said = run(COMPILER, *words, "-fsyntax-only", "-w", "-ferror-limit=0", text)
        if good:
            good, said = run(TIDY, "--quiet", "--config-file=.clang-tidy", text, "--", *words)
        if good:
            return []
        lines = re.findall(rf"^{re.escape(text)}:(\d+):\d+: (?:fatal )?(?:error|warning): ", said, re.MULTILINE)
        named: Set[str] = {owners[int(line) - 1] for line in lines}
        return [file for file in files if file in named] or files


def clean(build: str, files: List[str], words: List[str]) -> bool:
    alone: List[str] = []
    while len(files) > 1:
        found = suspects(files, words)
        if not found:
            break
        alone += found
        files = [file for file in files if file not in found]
    if len(files) == 1:
        alone += files
    passed = True
    for file in alone:
        good, said = run(TIDY, "-p", build, "--quiet", file)
        if not good:
            print(said, flush=True)
            passed = False
    return passed


def main() -> int:
    build, *files = sys.argv[1:]
    # Those of the most text first: what begins last shall not be what takes longest.
    work = sorted(groups(build, files), key=lambda group: -sum(os.path.getsize(file) for file in group[0]))
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("MYCHAT_JOBS", 0)) or os.cpu_count()) as pool:
        return 0 if all(list(pool.map(lambda group: clean(build, *group), work))) else 1


if __name__ == "__main__":
    sys.exit(main())
