"""report.py EXPORT [--folder FOLDER [--least PERCENT] [--but PREFIX,...]]... [--uncovered]: what llvm-cov's export says of
folders; files whose names begin with one of the prefixes are left out.

A branch is one outcome, true or false, of one condition in the sources; each operand of && and || is a condition, and so
is each label of a switch. One in a template or in a header counts once, and is covered when any instantiation took it;
llvm-cov's own summary, which is printed beside it, leaves out templates of several instantiations. Conditions of
`if constexpr` are decided by the compiler and do not count; nothing else is left out.
"""

import bisect
import json
import os
import sys


def compile_time_ranges(source):
    """Where the conditions of `if constexpr` stand: offsets (first, last)."""
    ranges = []
    at = source.find("if constexpr (")
    while at != -1:
        depth, end = 0, source.index("(", at)
        while True:
            depth += {"(": 1, ")": -1}.get(source[end], 0)
            if depth == 0:
                break
            end += 1
        ranges.append((at, end))
        at = source.find("if constexpr (", end)
    return ranges


class File:
    """The branches of a file: (first line, column, last line, column) to how often each outcome was taken."""

    def __init__(self, entry):
        self.path = entry["filename"]
        with open(self.path, encoding="utf-8") as file:
            text = file.read()
        self.text = text.splitlines()
        self.starts = [0]
        for line in self.text:
            self.starts.append(self.starts[-1] + len(line) + 1)
        self.skipped = compile_time_ranges(text)
        self.lines = entry["summary"]["lines"]["count"]
        self.lines_covered = entry["summary"]["lines"]["covered"]
        self.summary = entry["summary"]["branches"]
        self.conditions = {}
        for first, column, last, end, taken, not_taken, *_ in entry["branches"]:
            if self.is_compile_time(first, column):
                continue
            counts = self.conditions.setdefault((first, column, last, end), [0, 0])
            counts[0] += taken
            counts[1] += not_taken

    def is_compile_time(self, line, column):
        offset = self.starts[line - 1] + column - 1
        at = bisect.bisect_right(self.skipped, (offset, sys.maxsize)) - 1
        return at >= 0 and self.skipped[at][0] <= offset <= self.skipped[at][1]

    def outcomes(self):
        """Each branch: (place, outcome, count)."""
        for place, counts in sorted(self.conditions.items()):
            yield place, True, counts[0]
            yield place, False, counts[1]

    def branches(self):
        counts = [count for _, _, count in self.outcomes()]
        return len(counts), sum(1 for count in counts if count != 0)


def percent(covered, count):
    return 100.0 * covered / count if count else 100.0


def row(name, lines, lines_covered, branches, covered):
    return (
        f"{name:<44} {lines:>6} {percent(lines_covered, lines):>7.2f} %"
        f" {branches:>8} {branches - covered:>8} {percent(covered, branches):>7.2f} %"
    )


def report(files, folder, but, root, uncovered):
    """Prints the table of a folder; gives its percentage of branches."""
    print(f"{folder:<44} {'lines':>6} {'covered':>9} {'branches':>8} {'missed':>8} {'covered':>9}")
    total = [0, 0, 0, 0]
    chosen = [
        file
        for file in files
        if file.path.startswith(os.path.join(root, folder) + os.sep) and not os.path.basename(file.path).startswith(but)
    ]
    if not chosen:
        sys.exit(f"coverage: nothing of {folder} was run")
    for file in chosen:
        numbers = [file.lines, file.lines_covered, *file.branches()]
        total = [a + b for a, b in zip(total, numbers)]
        print(row(os.path.relpath(file.path, os.path.join(root, folder)), *numbers))
    print(row("total", *total))
    own = [sum(file.summary[name] for file in chosen) for name in ("count", "covered")]
    print(f"llvm-cov's summary: {own[1]} of {own[0]} branches, {percent(own[1], own[0]):.2f} %\n")
    if uncovered:
        for file in chosen:
            for (first, column, last, end), outcome, count in file.outcomes():
                if count == 0:
                    code = file.text[first - 1][column - 1 : end - 1 if first == last else None]
                    name = os.path.relpath(file.path, root)
                    print(f"{name}:{first}:{column}: never {str(outcome).lower()}: {code}")
        print()
    return percent(total[3], total[2])


def main(arguments):
    root = os.getcwd()
    export, folders, uncovered = None, [], False
    rest = iter(arguments)
    for argument in rest:
        if argument == "--folder":
            folders.append([next(rest), None, ()])
        elif argument == "--least":
            folders[-1][1] = float(next(rest))
        elif argument == "--but":
            folders[-1][2] = tuple(next(rest).split(","))
        elif argument == "--uncovered":
            uncovered = True
        elif export is None and not argument.startswith("-"):
            export = argument
        else:
            sys.exit(__doc__)
    with open(export, encoding="utf-8") as file:
        files = [File(entry) for entry in json.load(file)["data"][0]["files"]]
    failed = False
    for folder, least, but in folders:
        covered = report(files, folder, but, root, uncovered)
        if least is not None and covered < least:
            print(f"coverage: {covered:.2f} % of the branches of {folder}; {least:g} % are wanted", file=sys.stderr)
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
