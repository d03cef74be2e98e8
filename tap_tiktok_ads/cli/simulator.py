"""`tap-tiktok-ads simulator`: the embedded API on a port, until Ctrl-C."""

from __future__ import annotations

import json
import typing as t

import click

from tap_tiktok_ads.simulator import Simulator
from tap_tiktok_ads.simulator.__main__ import serve
from tap_tiktok_ads.simulator.http import faults

Parameter = click.Parameter


def _world(_context: click.Context, _parameter: Parameter, text: str) -> dict[str, t.Any]:
    try:
        options = json.loads(text)
    except ValueError:
        options = None
    if not isinstance(options, dict):
        msg = f"{text!r} is no JSON object."
        raise click.BadParameter(msg)
    return options


def _option(_context: click.Context, _parameter: Parameter, pairs: t.Sequence[str]) -> t.Any:
    options = {}
    for pair in pairs:
        name, sign, text = pair.partition("=")
        if not sign:
            msg = f"{pair!r} is not of the form NAME=VALUE."
            raise click.BadParameter(msg)
        try:
            options[name] = json.loads(text)
        except ValueError:
            options[name] = text
    return options


def _fault(_context: click.Context, _parameter: Parameter, texts: t.Sequence[str]) -> t.Any:
    try:
        return [faults.parse(text) for text in texts]
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command("simulator")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port; a free one by default."
)
@click.option(
    "--option",
    "pairs",
    metavar="NAME=VALUE",
    multiple=True,
    callback=_option,
    help="An option of the world, such as advertisers=5 or tier=basic; may be repeated.",
)
@click.option(
    "--options",
    "world",
    metavar="JSON",
    default="{}",
    callback=_world,
    help="Options of the world as a JSON object; --option overrides it.",
)
@click.option(
    "--fault",
    "armed",
    metavar="KIND[:NAME=VALUE,...]",
    multiple=True,
    callback=_fault,
    help=(
        "A fault, such as code:code=51010,path=/ad/get/,times=2; may be repeated. "
        f"Kinds: {', '.join(faults.KINDS)}."
    ),
)
def command(
    port: int,
    pairs: dict[str, t.Any],
    world: dict[str, t.Any],
    armed: list[tuple[str, dict[str, t.Any]]],
) -> None:
    """Serve the embedded TikTok Marketing API on 127.0.0.1 until Ctrl-C.

    The first line on stdout is a configuration for the tap.

    Example: tap-tiktok-ads simulator --option advertisers=5
    """
    options = world | pairs
    try:
        simulator = Simulator(options, port=port)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="'--option' / '--options'") from None
    for kind, arguments in armed:
        simulator.add_fault(kind, **arguments)
    try:
        simulator.start()
    except OSError as error:
        msg = f"Cannot listen on port {port}: {error.strerror}."
        raise click.ClickException(msg) from None
    click.echo(f"Auth code, valid once: {simulator.auth_code}. Ctrl-C ends.", err=True)
    serve(simulator, _config)


def _config(simulator: Simulator) -> str:
    """Settings of a tap that reads from a simulator, paced as its limits ask for."""
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
