"""`tap-tiktok-ads simulator`: run the embedded API until Ctrl-C."""

from __future__ import annotations

import json
import typing as t

import click

from tap_tiktok_ads.simulator import Simulator
from tap_tiktok_ads.simulator.__main__ import serve
from tap_tiktok_ads.simulator.http import faults
from tap_tiktok_ads.termination import termination

Parameter = click.Parameter


def _parse_options(_context: click.Context, _parameter: Parameter, text: str) -> dict[str, t.Any]:
    """Return the JSON object of --options."""
    try:
        options = json.loads(text)
    except ValueError:
        options = None
    if not isinstance(options, dict):
        msg = f"expected a JSON object, got {text!r:.60}."
        raise click.BadParameter(msg)
    return options


def _parse_pairs(_context: click.Context, _parameter: Parameter, pairs: t.Sequence[str]) -> t.Any:
    """Return the values of --option by name. A value that is not JSON is text."""
    options = {}
    for pair in pairs:
        name, separator, text = pair.partition("=")
        if not separator:
            msg = f"expected NAME=VALUE, got {pair!r:.60}."
            raise click.BadParameter(msg)
        try:
            options[name] = json.loads(text)
        except ValueError:
            options[name] = text
    return options


def _usage(kind: str) -> str:
    """Return the name of a kind of fault with its own arguments."""
    arguments = ", ".join(faults.KINDS[kind].arguments)
    return f"{kind} ({arguments})" if arguments else kind


def _parse_faults(_context: click.Context, _parameter: Parameter, texts: t.Sequence[str]) -> t.Any:
    """Return the kind and arguments of each --fault."""
    try:
        return [faults.parse(text) for text in texts]
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command("simulator")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Port to listen on. Default: a free port.",
)
@click.option(
    "--option",
    "pairs",
    metavar="NAME=VALUE",
    multiple=True,
    callback=_parse_pairs,
    help="Option of the simulated data, such as advertisers=5 or tier=basic. Repeatable.",
)
@click.option(
    "--options",
    "options",
    metavar="JSON",
    default="{}",
    callback=_parse_options,
    help="Options of the simulated data, as a JSON object. --option overrides it.",
)
@click.option(
    "--fault",
    "parsed_faults",
    metavar="KIND[:NAME=VALUE,...]",
    multiple=True,
    callback=_parse_faults,
    help=(
        "Fault to inject, such as code:code=51010,path=/ad/get/,times=2. Repeatable. A fault "
        "affects one request unless times is set. times=null sets no limit. "
        "Arguments of all kinds: "
        f"{', '.join(faults.REQUEST_ARGUMENTS)}. Kinds: {', '.join(map(_usage, faults.KINDS))}."
    ),
)
def command(
    port: int,
    pairs: dict[str, t.Any],
    options: dict[str, t.Any],
    parsed_faults: list[tuple[str, dict[str, t.Any]]],
) -> None:
    """Serve the embedded TikTok Marketing API until Ctrl-C.

    The server listens on 127.0.0.1. The first line on stdout is a configuration for the tap.

    Example: tap-tiktok-ads simulator --option advertisers=5
    """
    try:
        simulator = Simulator(options | pairs, port=port)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="'--option' / '--options'") from None
    for kind, arguments in parsed_faults:
        simulator.add_fault(kind, **arguments)
    try:
        simulator.start()
    except OSError as error:
        msg = f"Cannot listen on port {port}: {error.strerror}. Choose another --port."
        raise click.ClickException(msg) from None
    termination.restore_signals()  # `serve` handles them, and ends with exit code 0
    click.echo(f"Auth code, valid once: {simulator.auth_code}. Ctrl-C ends.", err=True)
    serve(simulator, _config)


def _config(simulator: Simulator) -> str:
    """Return settings for a tap that reads from a simulator, including its rate limit tier."""
    config: dict[str, t.Any] = {
        "environment": "simulator",
        "api_url": simulator.url,
        "access_token": simulator.access_token,
        "app_id": simulator.app_id,
        "app_secret": simulator.app_secret,
        "advertiser_ids": simulator.world.advertiser_ids,
    }
    if (tier := simulator.world.options.tier) != "unlimited":
        config["simulator"] = {"tier": tier}
    return json.dumps(config)
