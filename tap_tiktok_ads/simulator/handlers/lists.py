"""Responses of the simple list endpoints in `simple_list_endpoints.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_tiktok_ads.simulator.simple_list_endpoints import SIMPLE_LIST_ENDPOINTS

from .api import Api, Handler, Params, Payload, page_of

if TYPE_CHECKING:
    from tap_tiktok_ads.simulator.simple_list_endpoint import SimpleListEndpoint


def list_handler(list_endpoint: SimpleListEndpoint) -> Handler:
    """Return the handler of a list endpoint."""

    def respond(api: Api, params: Params) -> Payload:
        list_endpoint.check_params(params)
        owner = _owner(api, list_endpoint, params)
        objects = list_endpoint.select(owner, params)
        if list_endpoint.max_page_size is None:
            return Payload(
                {list_endpoint.member: [list_endpoint.record(entry, owner) for entry in objects]}
            )
        return page_of(
            params, objects, lambda entry: list_endpoint.record(entry, owner), list_endpoint.member
        )

    return respond


def _owner(api: Api, list_endpoint: SimpleListEndpoint, params: Params) -> Any:
    """Return the advertiser or Business Center of a request, or the world without an owner."""
    if list_endpoint.owner == "advertiser_id":
        return api.account(params)
    center = None if params["bc_id"] is None else api.center(params)
    return center if list_endpoint.owner else api.world


HANDLERS: dict[str, Handler] = {
    list_endpoint.path: list_handler(list_endpoint) for list_endpoint in SIMPLE_LIST_ENDPOINTS
}
