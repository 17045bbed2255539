"""What is installed: one module that holds the library; and the source distribution, which holds its sources."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys
import tarfile

import mychat
import pytest
from conftest import ROOT

MODULE = pathlib.Path(mychat._mychat.__file__ or "")
C_LIBRARY = {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", "libpthread.so.0", "libdl.so.2", "librt.so.1"}
C_LIBRARY |= {"libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"}


def test_nothing_is_exported_but_the_module() -> None:
    symbols = subprocess.run(
        ["nm", "-D", "--defined-only", str(MODULE)], check=True, stdout=subprocess.PIPE, text=True
    ).stdout.split("\n")
    names = {line.split()[-1] for line in symbols if line.strip()}
    assert names == {"PyInit__mychat"}


def test_a_self_contained_module_needs_the_c_library_alone() -> None:
    needed = set(
        re.findall(
            r"\(NEEDED\).*\[(.*)\]",
            subprocess.run(["readelf", "-d", str(MODULE)], check=True, stdout=subprocess.PIPE, text=True).stdout,
        )
    )
    assert not any("mychat" in name for name in needed)
    if "dependencies/static" not in mychat.build_info():
        pytest.skip("this one uses the system's libraries")
    assert needed <= C_LIBRARY, needed
    ldd = subprocess.run(["ldd", str(MODULE)], check=True, stdout=subprocess.PIPE, text=True).stdout
    assert not re.search(r"ssl|crypto|curl|websockets|sqlite|argon|zip|cjson|not found", ldd), ldd


def test_the_openssl_inside_is_not_the_one_of_the_interpreter(tmp_path: pathlib.Path) -> None:
    """Both live in one process, whichever is loaded first, and each does its work."""
    if "dependencies/static" not in mychat.build_info():
        pytest.skip("this one uses the system's libraries")
    for first, second in (("ssl", "mychat"), ("mychat", "ssl")):
        code = f"""
import {first}, {second}, hashlib, os
client = mychat.Client({str(tmp_path / first)!r}, passphrase="p")
assert ssl.create_default_context().get_ca_certs is not None
assert hashlib.new("sha256", b"x").hexdigest().startswith("2d711642")
client.close()
maps = open("/proc/self/maps").read()
assert "_mychat" in maps
"""
        subprocess.run([sys.executable, "-c", code], check=True)


def test_auditwheel_agrees(tmp_path: pathlib.Path) -> None:
    """`auditwheel show` of the wheel that pip built, where it was kept."""
    wheels = sorted(pathlib.Path(os.environ.get("MYCHAT_WHEELS", "/nonexistent")).glob("*.whl"))
    if not wheels:
        pytest.skip("MYCHAT_WHEELS names no folder with the wheel")
    pytest.importorskip("auditwheel")
    shown = subprocess.run(
        [sys.executable, "-m", "auditwheel", "show", str(wheels[-1])], check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    assert "manylinux" in shown, shown
    external = re.search(r"following external shared\s+libraries(.*?)(\n\n|$)", shown, re.S)
    if "dependencies/static" in mychat.build_info():
        assert external is None or not re.search(r"ssl|crypto|curl|websockets|sqlite|argon|zip|cjson", external[1]), shown


def test_every_module_is_installed() -> None:
    source, installed = ROOT / "bindings/python/src/mychat", MODULE.parent
    for file in source.rglob("*.py*"):
        name = file.relative_to(source)
        if file.is_file() and "__pycache__" not in name.parts:
            assert (installed / name).read_bytes() == file.read_bytes(), name


def test_the_source_distribution_holds_the_library(tmp_path: pathlib.Path) -> None:
    pytest.importorskip("scikit_build_core")
    code = "import sys; sys.path.insert(0, 'build-backend'); import backend; print(backend.build_sdist(sys.argv[1]))"
    here = ROOT / "bindings/python"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], check=True, cwd=here, stdout=subprocess.PIPE, text=True
    )
    archive = tmp_path / done.stdout.split()[-1]
    with tarfile.open(archive) as tar:
        names = {name.split("/", 1)[1] for name in tar.getnames() if "/" in name}
    for wanted in (
        "pyproject.toml",
        "CMakeLists.txt",
        "build-backend/backend.py",
        "src/mychat/py.typed",
        "src/ext/module.cpp",
        "mychat-sources/CMakeLists.txt",
        "mychat-sources/include/mychat/mychat.h",
        "mychat-sources/src/c_api/client.cpp",
        "mychat-sources/cmake/MyChatTargets.cmake",
    ):
        assert wanted in names, wanted
    assert not any(name.startswith("tests") or name.endswith(".so") for name in names)
    assert not (here / "mychat-sources").exists()
    # A build can begin from it: CMake finds everything.
    with tarfile.open(archive) as tar:
        if hasattr(tarfile, "data_filter"):
            tar.extractall(tmp_path / "unpacked", filter="data")
        else:
            tar.extractall(tmp_path / "unpacked")
    (source,) = (tmp_path / "unpacked").iterdir()
    import pybind11

    subprocess.run(
        ["cmake", "-S", source, "-B", tmp_path / "cmake", "-G", "Ninja", f"-DPython_EXECUTABLE={sys.executable}",
         f"-Dpybind11_DIR={pybind11.get_cmake_dir()}"],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
