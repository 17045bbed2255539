#!/usr/bin/env python3
"""exports.py SOURCE LIBRARY: the symbol list, the headers, the library and the layout asserts say the same.

Exits with 1 and one line a difference. `exports.py SOURCE` alone prints the symbol list that the headers give.
"""
import pathlib
import re
import subprocess
import sys


def public_headers(source):
    return {path.name: path.read_text() for path in sorted((source / "include/mychat").glob("*.h"))}


def declared(headers):
    """Functions with the version that their description says they appeared in."""
    out = {}
    for text in headers.values():
        pattern = r"/\*\*((?:(?!\*/).)*)\*/\s*MYCHAT_API\s[^;(]*?\b(mychat_\w+)\("
        for comment, name in re.findall(pattern, text, re.S):
            since = re.search(r"Since[\s*]+(\d+\.\d+\.\d+)", comment)
            out[name] = since.group(1) if since else "?"
        for name in re.findall(r"MYCHAT_API\s[^;(]*?\b(mychat_\w+)\(", text):
            out.setdefault(name, "?")
    return out


def without_comments(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


def structs(headers):
    """Public structs and their members' names."""
    out = {}
    for text in headers.values():
        for name, body in re.findall(r"\bstruct (mychat_\w+) \{(.*?)\n\}", without_comments(text), re.S):
            body = re.sub(r"union \{.*?\} (\w+);", r"int \1;", body, flags=re.S)
            members = re.findall(r"\(\*(\w+)\)\(", body)  # Functions; their parameters are no members.
            body = re.sub(r"\([^()]*\)", "", body)
            members += re.findall(r"\b(\w+)(?:\[\w+\])?;", body)
            out[name] = members
    return out


def enumerators(headers):
    out = []
    for text in headers.values():
        for body in re.findall(r"\benum \{(.*?)\}", without_comments(text), re.S):
            out += re.findall(r"\b(MYCHAT_\w+) =", body)
    return out


def exported(library):
    lines = subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout
    return [line.split()[-1] for line in lines.splitlines()]


def main():
    source = pathlib.Path(sys.argv[1])
    headers = public_headers(source)
    functions = declared(headers)
    if len(sys.argv) == 2:
        for name in sorted(functions):
            print(name, functions[name])
        return 0

    problems = []
    listed_lines = (source / "tests/abi/symbols.txt").read_text().splitlines()
    listed = dict(line.split() for line in listed_lines)
    if listed_lines != sorted(listed_lines) or len(listed) != len(listed_lines):
        problems.append("symbols.txt is not sorted, or names a function twice")
    for name in sorted(functions.keys() | listed.keys()):
        if functions.get(name) != listed.get(name):
            problems.append(f"{name}: the headers say {functions.get(name)}, symbols.txt says {listed.get(name)}")

    in_library = set()
    for symbol in exported(sys.argv[2]):
        if symbol == "MYCHAT_0":
            continue  # The version itself.
        if not re.fullmatch(r"mychat_[a-z0-9_]+@@MYCHAT_0", symbol):
            problems.append(f"the library exports {symbol}")
        in_library.add(symbol.split("@")[0])
    for name in sorted(in_library ^ listed.keys()):
        problems.append(f"{name}: " + ("not in symbols.txt" if name in in_library else "not exported"))

    asserted = "".join(path.read_text() for path in (source / "tests/abi").glob("layout_*.c"))
    for struct, members in structs(headers).items():
        if f"SIZE({struct}," not in asserted:
            problems.append(f"no layout assert for the size of {struct}")
        problems += [f"no layout assert for {struct}.{m}" for m in members if f"AT({struct}, {m}," not in asserted]
    problems += [f"no assert for the value of {e}" for e in enumerators(headers) if f"VALUE({e}," not in asserted]

    print("\n".join(problems) or f"{len(listed)} functions, {len(structs(headers))} structs, "
          f"{len(enumerators(headers))} enum values: all as listed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
