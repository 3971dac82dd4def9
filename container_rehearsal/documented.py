"""The shell commands of a document, so that the rehearsal runs what a reader types."""

from __future__ import annotations

import re
from pathlib import Path

from foundation.errors import TerminalError


def commands(document: Path, *, heading: str) -> str:
    """Return the first block of shell commands below a heading.

    Args:
        document: a Markdown file.
        heading: the text of the heading, without the hashes.

    Raises:
        TerminalError: the heading is missing, or has no block of commands below it.
    """
    sections = re.split(r"^#+ ", document.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for section in sections:
        block = re.search(r"^```sh\n(.*?)^```$", section, flags=re.MULTILINE | re.DOTALL)
        if section.startswith(f"{heading}\n") and block:
            return block[1]
    raise TerminalError(
        f"no block of shell commands below the heading {heading}",
        where=str(document),
        hint="Use a heading that the document has.",
    )
