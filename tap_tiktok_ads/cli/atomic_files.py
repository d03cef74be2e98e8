"""Files that are replaced atomically, so that a reader never sees a part of them."""

from __future__ import annotations

import stat
import tempfile
from pathlib import Path

#: Mode of a file that only its owner can read, because it may contain the access token.
PRIVATE_MODE = stat.S_IRUSR | stat.S_IWUSR


def replace_file(path: Path, content: bytes, mode: int = PRIVATE_MODE) -> None:
    """Replace a file, or create it.

    Args:
        path: The file. A symbolic link must be resolved.
        content: Its new content.
        mode: Its permissions.

    Raises:
        OSError: The file cannot be written. It is unchanged.
    """
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        new = Path(folder) / path.name
        new.touch(PRIVATE_MODE)
        new.write_bytes(content)
        new.chmod(mode)
        new.replace(path)
