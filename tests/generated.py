"""What is written from the code: the settings in meltano.yml, tables in the README.

`python tests/generated.py` rewrites them; `test_docs.py` fails while they are stale.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tap_tiktok_ads.settings import JSONSCHEMA
from tap_tiktok_ads.streams import STREAMS

ROOT = Path(__file__).parent.parent


def kind(spec: dict[str, Any]) -> str:
    """Meltano's name for the kind of a setting."""
    if spec.get("secret"):
        return "password"
    if "enum" in spec:
        return "options"
    types = spec["type"] if isinstance(spec["type"], list) else [spec["type"]]
    return str(next(word for word in types if word != "null"))


def meltano_settings() -> str:
    """The list below `settings:` of the extractor in meltano.yml."""
    lines = []
    for name, spec in JSONSCHEMA["properties"].items():
        lines += [f"- name: {name}", f"  label: {spec['title']}", f"  kind: {kind(spec)}"]
        if spec.get("secret"):
            lines.append("  sensitive: true")
        if "default" in spec:
            lines.append(f"  value: {json.dumps(spec['default'])}")
        if "enum" in spec:
            lines.append("  options:")
            lines += [f"    - {{label: {value}, value: {value}}}" for value in spec["enum"]]
        lines.append(f"  description: {json.dumps(spec['description'])}")
    return "\n".join(lines)


def settings_table() -> str:
    """The README's table of settings."""
    rows = ["| setting | default | meaning |", "|---|---|---|"]
    for name, spec in JSONSCHEMA["properties"].items():
        default = f"`{json.dumps(spec['default'])}`" if "default" in spec else ""
        secret = " (secret)" if spec.get("secret") else ""
        rows.append(f"| `{name}`{secret} | {default} | {spec['description']} |")
    return "\n".join(rows)


def streams_table() -> str:
    """The README's table of streams."""
    rows = ["| stream | endpoint | keys | replication |", "|---|---|---|---|"]
    for stream in STREAMS:
        dimensions = getattr(stream, "dimensions", None)
        keys = ("advertiser_id", *dimensions) if dimensions else stream.primary_keys
        replication = stream.replication_key
        how = f"by `{replication}`" if isinstance(replication, str) else "full table"
        names = ", ".join(f"`{key}`" for key in keys)  # type: ignore[union-attr]
        rows.append(f"| `{stream.name}` | `{stream.path}` | {names} | {how} |")
    return "\n".join(rows)


PARTS = {
    "meltano.yml": {"settings": meltano_settings},
    "README.md": {"settings": settings_table, "streams": streams_table},
}


def render(file: str) -> str:
    """A file's text with the generated parts as they should be.

    A part stands between `generated: NAME` and `end: NAME`, each in a comment of its own line, and
    takes over the indentation of the former.
    """
    content = (ROOT / file).read_text("utf-8")
    for name, make in PARTS[file].items():
        pattern = rf"(?ms)^( *)(\S* generated: {name}.*?\n)(.*?)^( *\S* end: {name})"
        match = re.search(pattern, content)
        if match is None:
            msg = f"{file} has no place for {name}"
            raise ValueError(msg)
        indented = "".join(f"{match[1]}{line}\n" for line in make().splitlines())
        content = content[: match.start(3)] + indented + content[match.end(3) :]
    return content


if __name__ == "__main__":
    for target in PARTS:
        (ROOT / target).write_text(render(target), "utf-8")
