"""`tap-tiktok-ads completion`: what a shell needs to complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from tap_tiktok_ads.cli import common

#: `\b` keeps click from filling the lines.
HELP = """Print a script that makes a shell complete commands and options.

Examples:

\b
bash: tap-tiktok-ads completion bash >> ~/.bashrc
zsh:  tap-tiktok-ads completion zsh >> ~/.zshrc
fish: tap-tiktok-ads completion fish > ~/.config/fish/completions/tap-tiktok-ads.fish
"""


@click.command(
    "completion", short_help="Print a script that completes commands and options.", help=HELP
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(context: click.Context, /, shell: str) -> None:
    """Print the script that click makes for a shell."""
    kind = get_completion_class(shell)
    root = context.find_root()
    name = root.info_name or ""
    if kind is not None:
        common.say(kind(root.command, {}, name, "_TAP_TIKTOK_ADS_COMPLETE").source())
