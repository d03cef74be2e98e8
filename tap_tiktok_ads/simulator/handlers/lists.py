"""Responses of the simple list endpoints in `shelves.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_tiktok_ads.simulator.shelves import SHELVES

from .api import Api, Handler, Params, Payload, page_of

if TYPE_CHECKING:
    from tap_tiktok_ads.simulator.shelf import Shelf


def list_handler(shelf: Shelf) -> Handler:
    """Return the handler of a list endpoint."""

    def respond(api: Api, params: Params) -> Payload:
        shelf.check_params(params)
        owner = _owner(api, shelf, params)
        objects = shelf.select(owner, params)
        if shelf.max_page_size is None:
            return Payload({shelf.member: [shelf.record(entry, owner) for entry in objects]})
        return page_of(params, objects, lambda entry: shelf.record(entry, owner), shelf.member)

    return respond


def _owner(api: Api, shelf: Shelf, params: Params) -> Any:
    """Return the advertiser or Business Center of a request, or the world without an owner."""
    if shelf.owner == "advertiser_id":
        return api.account(params)
    center = None if params["bc_id"] is None else api.center(params)
    return center if shelf.owner else api.world


HANDLERS: dict[str, Handler] = {shelf.path: list_handler(shelf) for shelf in SHELVES}
