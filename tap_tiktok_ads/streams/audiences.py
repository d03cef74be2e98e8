"""Custom audiences, saved audiences, Pangle audiences and pixels."""

from __future__ import annotations

from tap_tiktok_ads.streams.listing import ListStream


class CustomAudiences(ListStream):
    """Custom audiences in use; TikTok tells no time of change, so all are read each time."""

    name = "custom_audiences"
    path = "/dmp/custom_audience/list/"
    permission = "30 Read Custom Audiences"
    primary_keys = ("advertiser_id", "audience_id")
    page_size = 100
    objects_can_vanish = True


class Pixels(ListStream):
    """Pixels with their events; TikTok tells no time of change, so all are read each time."""

    name = "pixels"
    path = "/pixel/list/"
    permission = "800 Read Pixels"
    primary_keys = ("advertiser_id", "pixel_id")
    page_size = 20
    objects_can_vanish = True
    records_field = "pixels"


class SavedAudiences(ListStream):
    """Saved audiences. Fields as a third-party SDK has them."""

    name = "saved_audiences"
    path = "/dmp/saved_audience/list/"
    permission = "30 Read Custom Audiences"
    primary_keys = ("advertiser_id", "saved_audience_id")
    page_size = 100
    objects_can_vanish = True
    records_field = "saved_audiences"
    selected_by_default = False


class PangleAudiencePackages(ListStream):
    """Pangle audiences that ad groups include or exclude.

    TikTok publishes the names of the fields but not their types.
    """

    name = "pangle_audience_packages"
    path = "/pangle_audience_package/get/"
    permission = "Pangle Audience Packages (number not documented)"
    primary_keys = ("advertiser_id", "package_id")
    records_field = "packages"
    selected_by_default = False
