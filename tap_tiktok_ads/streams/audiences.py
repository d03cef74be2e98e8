"""Custom audiences, saved audiences, Pangle audiences and pixels."""

from __future__ import annotations

from tap_tiktok_ads.streams.listing import ListStream


class CustomAudiences(ListStream):
    """One record per custom audience in use.

    TikTok returns no modification time, so every run reads all audiences.
    """

    name = "custom_audiences"
    path = "/dmp/custom_audience/list/"
    permission = "30 Read Custom Audiences"
    primary_keys = ("advertiser_id", "audience_id")
    page_size = 100
    objects_can_vanish = True


class Pixels(ListStream):
    """One record per pixel, with its events.

    TikTok returns no modification time, so every run reads all pixels.
    """

    name = "pixels"
    path = "/pixel/list/"
    permission = "800 Read Pixels"
    primary_keys = ("advertiser_id", "pixel_id")
    page_size = 20
    objects_can_vanish = True
    records_field = "pixels"


class SavedAudiences(ListStream):
    """One record per saved audience. The fields come from a third-party SDK."""

    name = "saved_audiences"
    path = "/dmp/saved_audience/list/"
    permission = "30 Read Custom Audiences"
    primary_keys = ("advertiser_id", "saved_audience_id")
    page_size = 100
    objects_can_vanish = True
    records_field = "saved_audiences"
    selected_by_default = False


class PangleAudiencePackages(ListStream):
    """One record per Pangle audience that ad groups include or exclude.

    TikTok documents the names of the fields but not their types.
    """

    name = "pangle_audience_packages"
    path = "/pangle_audience_package/get/"
    permission = "Pangle Audience Packages (number not documented)"
    primary_keys = ("advertiser_id", "package_id")
    records_field = "packages"
    selected_by_default = False
