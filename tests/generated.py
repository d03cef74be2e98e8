"""Generate documentation tables, Meltano settings and the hub plugin from the code.

`python tests/generated.py` rewrites them. `test_docs.py` fails while they are out of date.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import generated_docs as docs
import yaml
from config_schema import config_schema

from tap_tiktok_ads.about import DISTRIBUTION
from tap_tiktok_ads.config.schema import SETTINGS_SCHEMA
from tap_tiktok_ads.streams import STREAMS
from tap_tiktok_ads.tap import TapTikTokAds

ROOT = Path(__file__).parent.parent


def repository() -> str:
    """Return the address of the repository, which only `pyproject.toml` states."""
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    (address,) = re.findall(r'(?m)^Repository = "(\S+)"$', text)
    return str(address)


def page_address(page: str) -> str:
    """Return the address of a file in the repository."""
    return f"{repository()}/blob/main/{page}"


def project_urls() -> str:
    """Return the other addresses of the distribution, for `pyproject.toml`."""
    urls = {
        "Documentation": page_address("docs/index.md"),
        "Changelog": page_address("CHANGELOG.md"),
        "Issues": f"{repository()}/issues",
    }
    return "\n".join(f'{name} = "{url}"' for name, url in urls.items())


def site_repository() -> str:
    """Return the settings of the documentation site that hold the address."""
    *_, owner, name = repository().split("/")
    return f"repo_url: {repository()}\nrepo_name: {owner}/{name}\nedit_uri: blob/main/docs/"


def badges() -> str:
    """Return the README's badges."""
    runs = f"{repository()}/actions/workflows/ci.yml"
    versions = " | ".join(TapTikTokAds._get_about_info().supported_python_versions or ())
    shields = {
        f"Python {versions}": f"python-{versions.replace(' | ', '_|_')}-blue",
        "License Apache 2.0": "license-Apache_2.0-blue",
        "Built with the Meltano Singer SDK": "Meltano-Singer_SDK-blue",
    }
    lines = [f"[![CI]({runs}/badge.svg)]({runs})"]
    lines += [
        f"![{text}](https://img.shields.io/badge/{path.replace('|', '%7C')})"
        for text, path in shields.items()
    ]
    return "\n".join(lines)


def shell(*lines: str) -> str:
    """Return a block of shell commands."""
    return "\n".join(["```sh", *lines, "```"])


def package_source() -> str:
    """Return what installers install: the repository, because no package index has the tap."""
    return f"git+{repository()}"


def install_commands() -> str:
    """Return the commands that install the tap without a checkout."""
    programs = ("pipx install", "uv tool install", "pip install")
    return shell(*(f"{program} {package_source()}" for program in programs))


def meltano_source() -> str:
    """Return the `pip_url:` of the extractor."""
    return f"pip_url: {package_source()}"


def meltano_commands() -> str:
    """Return the `commands:` of the extractor."""
    project = yaml.safe_load((ROOT / "meltano.yml").read_text("utf-8"))
    commands = project["plugins"]["extractors"][0]["commands"]
    lines = (f"  {name}: {command['args']}" for name, command in commands.items())
    return "\n".join(["commands:", *lines])


def extras_commands() -> str:
    """Return the command that installs extras."""
    return shell(f"pipx install '{DISTRIBUTION}[shared,prometheus] @ {package_source()}'")


def clone_commands() -> str:
    """Return the commands that install the tap from a checkout."""
    name = repository().rpartition("/")[2]
    return shell(f"git clone {repository()}", f"pipx install ./{name}")


def develop_commands() -> str:
    """Return the commands that run the tests in a new checkout."""
    name = repository().rpartition("/")[2]
    commands = shell(f"git clone {repository()}", f"cd {name}", "make demo", "make check test")
    return f"<!-- not run: The test suite runs these commands in the checkout. -->\n{commands}"


def dbt_package() -> str:
    """Return the `packages.yml` that installs the dbt models from the repository."""
    lines = (f"- git: {repository()}", "  revision: main", "  subdirectory: examples/dbt")
    return "\n".join(["```yaml", "packages:", *(f"  {line}" for line in lines), "```"])


def meltano_settings() -> str:
    """Return the list below `settings:` of the extractor in meltano.yml."""
    lines = []
    for name, spec in SETTINGS_SCHEMA["properties"].items():
        lines += [
            f"- name: {name}",
            f"  label: {spec['title']}",
            f"  kind: {docs.setting_kind(spec)}",
        ]
        if spec.get("secret"):
            lines.append("  sensitive: true")
        if "default" in spec:
            lines.append(f"  value: {json.dumps(spec['default'])}")
        if "enum" in spec:
            lines.append("  options:")
            options = map(json.dumps, spec["enum"])  # without quotes, `off` is false
            lines += [f"    - {{label: {value}, value: {value}}}" for value in options]
        lines.append(f"  description: {json.dumps(spec['description'])}")
    return "\n".join(lines)


def meltano_select() -> str:
    """Return the `select:` rules of the extractor: the streams that are selected by default.

    Without rules, Meltano selects all streams.
    """
    names = (stream.name for stream in STREAMS if stream.selected_by_default)
    return "\n".join(f"- {name}.*" for name in names)


def hub_plugin() -> str:
    """Return the plugin definition for Meltano's hub."""
    about = TapTikTokAds._get_about_info()
    project = yaml.safe_load((ROOT / "meltano.yml").read_text("utf-8"))
    extractor = project["plugins"]["extractors"][0]
    definition = {
        "name": about.name,
        "variant": "tap-tiktok-ads",
        "label": "TikTok Ads",
        "description": about.description,
        "namespace": extractor["namespace"],
        "pip_url": package_source(),
        "executable": about.name,
        "repo": repository(),
        "docs": page_address("docs/index.md"),
        "domain_url": "https://ads.tiktok.com",
        "logo_url": "/assets/logos/extractors/tiktok.png",  # a file of the hub
        "maintenance_status": "active",
        "quality": "unknown",  # the hub rates it
        "keywords": ["api", "meltano_sdk"],
        "capabilities": extractor["capabilities"],
        "settings_group_validation": extractor["settings_group_validation"],
        "commands": extractor["commands"],
        "select": extractor["select"],
        "settings": [
            {name: value for name, value in setting.items() if name != "env"}
            for setting in extractor["settings"]
        ],
        "supported_python_versions": about.supported_python_versions,
    }
    return yaml.safe_dump(definition, sort_keys=False, allow_unicode=True, width=100)


PARTS = {
    "pyproject.toml": {"urls": project_urls},
    "mkdocs.yml": {"repository": site_repository},
    "meltano.yml": {"settings": meltano_settings, "select": meltano_select},
    "docs/loading.md": {
        "source": meltano_source,
        "commands": meltano_commands,
        "select": meltano_select,
    },
    "README.md": {
        "badges": badges,
        "install": install_commands,
        "families": docs.families_table,
    },
    "docs/index.md": {"install": install_commands},
    "docs/install.md": {
        "install": install_commands,
        "clone": clone_commands,
        "extras": extras_commands,
    },
    "docs/contributing.md": {"develop": develop_commands},
    "docs/settings.md": {"settings": docs.settings_by_need, "simulator": docs.simulator_defaults},
    "docs/commands.md": {"commands": docs.commands},
    "docs/rate-limits.md": {"tiers": docs.tiers_table},
    "docs/errors.md": {"codes": docs.codes_table},
    "examples/dbt/README.md": {"package": dbt_package},
    "docs/streams.md": {"streams": docs.streams_by_family, "catalog": docs.catalog_tables},
}


#: Completely generated files.
FILES = {
    "plugins/extractors/tap-tiktok-ads.yml": hub_plugin,
    "docs/config.schema.json": config_schema,
    "tap_tiktok_ads/config/config.schema.json": config_schema,
}


def render(file: str) -> str:
    """Return a file's text with current generated parts.

    A part is between the comment lines `generated: NAME` and `end: NAME`. It has the indentation of
    the first comment line.
    """
    if file in FILES:
        return FILES[file]()
    content = (ROOT / file).read_text("utf-8")
    for name, make in PARTS[file].items():
        pattern = rf"(?ms)^( *)(\S* generated: {name}.*?\n)(.*?)^( *\S* end: {name})"
        match = re.search(pattern, content)
        if match is None:
            msg = f"{file} lacks the comment lines `generated: {name}` and `end: {name}`."
            raise ValueError(msg)
        indented = "".join(f"{match[1]}{line}".rstrip() + "\n" for line in make().splitlines())
        content = content[: match.start(3)] + indented + content[match.end(3) :]
    return content


if __name__ == "__main__":
    for target in (*PARTS, *FILES):
        (ROOT / target).write_text(render(target), "utf-8")
