"""The asset library: videos and images."""

from __future__ import annotations

from tap_tiktok_ads.streams.base import EntityStream


class VideoCreatives(EntityStream):
    """Videos of the asset library, the 10,000 most recently changed; URLs live for six hours."""

    name = "video_creatives"
    path = "/file/video/ad/search/"
    primary_keys = ("advertiser_id", "video_id")
    replication_key = "modify_time"
    page_size = 100
    capped = True


class ImageCreatives(EntityStream):
    """Images of the asset library, the 10,000 most recently changed; URLs live for one hour."""

    name = "image_creatives"
    path = "/file/image/ad/search/"
    primary_keys = ("advertiser_id", "image_id")
    replication_key = "modify_time"
    page_size = 100
    capped = True
