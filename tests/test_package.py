"""The wheel, built and run away from the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tap_tiktok_ads.streams import STREAMS

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built from its sdist."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    subprocess.run([*build, "-t", "sdist"], cwd=ROOT, check=True, capture_output=True)
    (sdist,) = folder.glob("*.tar.gz")
    source = folder / "source"
    source.mkdir()
    subprocess.run(["tar", "xzf", str(sdist), "-C", str(source)], check=True)
    (unpacked,) = source.iterdir()
    subprocess.run([*build, "-t", "wheel"], cwd=unpacked, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_contents(wheel: Path) -> None:
    """The wheel holds the schemas and the simulator's facts, and nothing of tests or tools."""
    names = zipfile.ZipFile(wheel).namelist()
    packaged = [name for name in names if not name.startswith("tap_tiktok_ads-")]
    assert {name.split("/")[0] for name in packaged} == {"tap_tiktok_ads"}
    assert "tap_tiktok_ads/schemas/metrics.json" in names
    assert "tap_tiktok_ads/simulator/spec/facts.json" in names
    assert "tap_tiktok_ads/py.typed" in names
    assert not [name for name in names if "generate" in name or "test" in name]


def test_runs_from_another_folder(wheel: Path, tmp_path: Path) -> None:
    """Installed in an environment without the checkout, the tap runs all streams."""
    environment = tmp_path / "env"
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(environment)],
        check=True,
    )
    python = environment / "bin" / "python"
    shown = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    )
    site = Path(shown.stdout.strip())
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"),
            *("--no-deps", "--no-index", "--disable-pip-version-check", str(wheel)),
        ],
        check=True,
    )
    # the dependencies, from where they are installed already; an editable checkout is left out
    dependencies = next(
        path for path in sys.path if path.endswith("site-packages") and Path(path).is_dir()
    )
    (site / "dependencies.pth").write_text(dependencies, "utf-8")

    config, catalog = tmp_path / "config.json", tmp_path / "catalog.json"
    config.write_text('{"environment": "simulator", "simulator": {"days": 5}}', "utf-8")

    def tap(*arguments: str) -> str:
        result = subprocess.run(
            [environment / "bin" / "tap-tiktok-ads", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    discovered = json.loads(tap("--discover"))
    for entry in discovered["streams"]:
        entry["selected"] = True
        for item in entry["metadata"]:
            if not item["breadcrumb"]:
                item["metadata"]["selected"] = True
    catalog.write_text(json.dumps(discovered), "utf-8")
    lines = tap("--config", str(config), "--catalog", str(catalog)).splitlines()
    streams = {
        message["stream"] for message in map(json.loads, lines) if message["type"] == "RECORD"
    }
    assert streams == {stream.name for stream in STREAMS} - {"sync_errors"}
    where = subprocess.run(
        [python, "-c", "import tap_tiktok_ads; print(tap_tiktok_ads.__file__)"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert where.stdout.startswith(str(site))
