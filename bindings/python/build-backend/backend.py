"""scikit-build-core, and the library's sources in the source distribution: they lie outside of this folder."""

import pathlib
import shutil
from typing import Any, Dict, Optional

from scikit_build_core.build import *  # noqa: F403
from scikit_build_core.build import build_sdist as _build_sdist

_HERE = pathlib.Path(__file__).resolve().parent.parent
_SOURCES = _HERE / "mychat-sources"
_PARTS = ("CMakeLists.txt", "LICENSE", "cmake", "include", "src")


def build_sdist(  # type: ignore[no-redef]
    sdist_directory: str, config_settings: Optional[Dict[str, Any]] = None
) -> str:
    root = _HERE.parent.parent
    if _SOURCES.exists() or not (root / "include" / "mychat").is_dir():
        return _build_sdist(sdist_directory, config_settings)  # From a source distribution.
    try:
        _SOURCES.mkdir()
        for part in _PARTS:
            if (root / part).is_dir():
                shutil.copytree(root / part, _SOURCES / part)
            else:
                shutil.copy2(root / part, _SOURCES / part)
        return _build_sdist(sdist_directory, config_settings)
    finally:
        shutil.rmtree(_SOURCES, ignore_errors=True)
