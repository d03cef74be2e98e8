"""The wheel, built and run outside the checkout."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
import yaml

from tap_tiktok_ads import about
from tap_tiktok_ads.streams import STREAMS

ROOT = Path(__file__).parent.parent
#: Name of another project on the Python Package Index.
TAKEN_NAME = "tap-tiktok-ads"
INSTALL = r"""(?x)
    \b(?: pip[\d.]* | pipx | uv | poetry | pdm | conda )\b .*?
        \b(?: install | add | run | inject | upgrade )\b (?P<packages>.*)
    | \b uvx \b (?P<tools>.*)
    | \b meltano \s .*? \b add \b (?! .* --from-ref ) (?P<plugins>.*)
    | \b pip_url ["']? \s* [:=] (?P<urls>[^,}]*)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel of this checkout, built from its sdist."""
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


def test_wheel_contains_only_the_package(wheel: Path) -> None:
    """The wheel contains the schemas and the simulator's data, but no tests or tools."""
    assert wheel.name.startswith("meltano_tap_tiktok_ads-")
    names = zipfile.ZipFile(wheel).namelist()
    packaged = [name for name in names if not name.startswith("meltano_tap_tiktok_ads-")]
    assert {name.split("/")[0] for name in packaged} == {"tap_tiktok_ads"}
    assert "tap_tiktok_ads/schemas/metrics.json" in names
    assert "tap_tiktok_ads/config/config.schema.json" in names
    assert "tap_tiktok_ads/simulator/spec/facts.json" in names
    assert "tap_tiktok_ads/py.typed" in names
    assert not [name for name in names if "generate" in name or "test" in name]


@dataclasses.dataclass
class Environment:
    """A virtual environment outside the checkout, with the wheel installed."""

    folder: Path
    site: Path

    def execute(self, program: str, *arguments: str, cwd: Path) -> str:
        """Run a program of the environment. Return its stdout, and fail with its error."""
        result = subprocess.run(
            [self.folder / "bin" / program, *arguments],
            cwd=cwd,
            capture_output=True,
            text=True,
            check=False,
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        )
        assert result.returncode == 0, result.stderr
        return result.stdout


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Return an environment with the wheel and with metadata of the other project."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin" / "python"
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
    # the installed dependencies, without an editable checkout
    dependencies = next(
        path for path in sys.path if path.endswith("site-packages") and Path(path).is_dir()
    )
    (site / "dependencies.pth").write_text(dependencies, "utf-8")
    other = site / "tap_tiktok_ads-1.2.1.dist-info"
    other.mkdir()
    (other / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {TAKEN_NAME}\nVersion: 1.2.1\n", "utf-8"
    )
    return Environment(folder, site)


def test_metadata_has_a_distinct_name(wheel: Path) -> None:
    """The wheel has a distinct name and does not depend on the other project."""
    with zipfile.ZipFile(wheel) as archive:
        (file,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        text = archive.read(file).decode("utf-8")
    assert f"\nName: {about.DISTRIBUTION}\n" in text
    required = re.findall(r"(?m)^Requires-Dist: ([\w.-]+)", text)
    assert "requests" in required
    assert TAKEN_NAME not in {re.sub(r"[-_.]+", "-", name).lower() for name in required}


def test_installed_tap_runs_all_streams(environment: Environment, tmp_path: Path) -> None:
    """An installed wheel runs all streams without the checkout."""
    config, catalog = tmp_path / "config.json", tmp_path / "catalog.json"
    config.write_text('{"environment": "simulator", "simulator": {"days": 5}}', "utf-8")
    discovered = json.loads(environment.execute("tap-tiktok-ads", "--discover", cwd=tmp_path))
    for entry in discovered["streams"]:
        entry["selected"] = True
        for item in entry["metadata"]:
            if not item["breadcrumb"]:
                item["metadata"]["selected"] = True
    catalog.write_text(json.dumps(discovered), "utf-8")
    options = ("--config", str(config), "--catalog", str(catalog))
    lines = environment.execute("tap-tiktok-ads", *options, cwd=tmp_path).splitlines()
    streams = {
        message["stream"] for message in map(json.loads, lines) if message["type"] == "RECORD"
    }
    assert streams == {stream.name for stream in STREAMS} - {"sync_errors"}
    where = environment.execute(
        "python", "-c", "import tap_tiktok_ads; print(tap_tiktok_ads.__file__)", cwd=tmp_path
    )
    assert where.startswith(str(environment.site))


def test_version_is_that_of_the_wheel(
    environment: Environment, wheel: Path, tmp_path: Path
) -> None:
    """Version, Python versions and User-Agent come from the wheel, not the other project."""
    version = wheel.name.split("-")[1]
    assert version != "1.2.1"
    seen = environment.execute(
        *("python", "-c", f"from importlib.metadata import *; print(version({TAKEN_NAME!r}))"),
        cwd=tmp_path,
    )
    assert seen.strip() == "1.2.1"  # the other project's metadata is found first
    shown = environment.execute("tap-tiktok-ads", "--version", cwd=tmp_path)
    assert shown.startswith(f"tap-tiktok-ads v{version}, Meltano SDK v")
    described = json.loads(
        environment.execute("tap-tiktok-ads", "--about", "--format=json", cwd=tmp_path)
    )
    assert described["name"] == "tap-tiktok-ads"
    assert described["version"] == version
    assert described["supported_python_versions"]
    agent = environment.execute(
        "python",
        "-c",
        "from tap_tiktok_ads.config.validation import default_user_agent as agent; print(agent())",
        cwd=tmp_path,
    )
    assert agent.strip() == f"tap-tiktok-ads/{version}"


def test_version_is_unknown_without_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without package metadata, the version is `unknown`."""

    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    assert about.version.__wrapped__() == "unknown"


def installs_taken_name(line: str) -> bool:
    """Return True if a line of a shell or of YAML installs the other project."""
    for match in re.finditer(INSTALL, line):
        words = re.findall(r"[^\s`'\"()\[\]<>=!~;,@]+", "".join(filter(None, match.groups())))
        if any(re.sub(r"[-_.]+", "-", word).lower() == TAKEN_NAME for word in words):
            return True
    return False


@pytest.mark.parametrize(
    "line",
    [
        "pip install {}",
        "tap/bin/python -m pip install --quiet {}==1.2.1 singer-sdk",
        "pip install '{}[x]>=1'",
        "pipx install {}",
        "pipx run {} --discover",
        "uv tool install {}",
        "uv add {}",
        "uvx {} --discover",
        "use `pip install {}`.",
        "meltano add extractor {} --variant singer-io",
        "      pip_url: {}",
        "      pip_url: '{}~=1.0'",
        "{{name: tap, pip_url: {}, executable: tap}}",
    ],
)
def test_installing_the_other_project_is_detected(line: str) -> None:
    """Each spelling of the other project's name is detected in each install command."""
    assert installs_taken_name(line.format(TAKEN_NAME))
    assert installs_taken_name(line.format("Tap_TikTok.ads"))


@pytest.mark.parametrize(
    "line",
    [
        "pip install ./tap-tiktok-ads",
        "pip install git+https://git.example/tap-tiktok-ads",
        "pip install git+https://git.example/tap-tiktok-ads.git@v1",
        "pip install meltano-tap-tiktok-ads",
        "pip uninstall tap-tiktok-ads",
        "pip_url: -e .",
        "pip_url: meltano-tap-tiktok-ads",
        "meltano run tap-tiktok-ads target-jsonl",
        "meltano add --from-ref plugins/extractors/tap-tiktok-ads.yml tap-tiktok-ads",
    ],
)
def test_installing_this_tap_is_not_detected(line: str) -> None:
    """Paths, repositories and this distribution's name are not detected."""
    assert not installs_taken_name(line)


def tracked_text() -> dict[str, str]:
    """Return the text of tracked files by name, or of all files without Git."""
    if (ROOT / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
        )
        names = [name for name in listed.stdout.split("\0") if name]
    else:
        files = [file for file in ROOT.rglob("*") if file.is_file()]
        names = [str(file.relative_to(ROOT)) for file in files]
        names = [name for name in names if not name.startswith(".venv")]
    return {
        name: (ROOT / name).read_text("utf-8", errors="replace")
        for name in names
        if (ROOT / name).is_file()
    }


def test_no_file_installs_the_other_project() -> None:
    """No document, workflow, script or plugin file installs the other project."""
    texts = tracked_text()
    assert "README.md" in texts
    matches = [
        (name, line)
        for name, text in texts.items()
        for line in text.replace("\\\n", " ").splitlines()
        if installs_taken_name(line)
    ]
    assert matches == []


def test_meltano_installs_this_tap() -> None:
    """The Meltano project installs the checkout, and the hub plugin the repository."""
    project = yaml.safe_load((ROOT / "meltano.yml").read_text("utf-8"))
    (extractor,) = project["plugins"]["extractors"]
    assert extractor["pip_url"] == "-e ."
    assert "inherit_from" not in extractor
    assert "variant" not in extractor  # a variant would add the hub's definition
    plugin = yaml.safe_load((ROOT / "plugins/extractors/tap-tiktok-ads.yml").read_text("utf-8"))
    assert plugin["pip_url"] == f"git+{plugin['repo']}"
