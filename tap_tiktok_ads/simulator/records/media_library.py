"""Selection and order of the files in the media libraries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from . import assets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_tiktok_ads.simulator.accounts.entities import Account, Asset

    from .values import Record

Params: TypeAlias = "Mapping[str, Any]"

MAX_LIBRARY_FILES = 10_000
"""Maximum number of files that a library endpoint returns: the files that were modified last."""


def library(account: Account, kind: str) -> list[Asset]:
    """Return the files of a media library that were modified last, newest first."""
    assets: list[Asset] = getattr(account, kind)
    files = [file for file in reversed(assets) if not file.removed]
    if len(files) <= MAX_LIBRARY_FILES:
        return files
    listed = {file.id for file in last_modified_first(files)[:MAX_LIBRARY_FILES]}
    return [file for file in files if file.id in listed]


def last_modified_first(files: Sequence[Asset]) -> list[Asset]:
    """Return files in the order of their modification. Files without a time come last."""
    return sorted(files, key=lambda file: file.modified or "", reverse=True)


def _selects_file(record: Record, filtering: Params, kind: str) -> bool:
    """Return True if the filters of a media library select a file."""
    if filtering.get("displayable") and record["displayable"] is not True:
        return False
    if filtering.get("video_name", "") not in record["file_name"]:
        return False
    return all(
        record[name] == filtering.get(name, record[name]) for name in ("width", "height")
    ) and all(
        record[name] in filtering.get(f"{name}s", (record[name],))
        for name in (f"{kind}_id", "material_id")
    )


def selects_video(video: Asset, account: Account, params: Params) -> bool:
    """Return True if the parameters select a video."""
    filtering = params["filtering"]
    return not filtering or _selects_file(assets.video(video, account), filtering, "video")


def selects_image(image: Asset, account: Account, params: Params) -> bool:
    """Return True if the parameters select an image."""
    filtering = params["filtering"]
    return not filtering or _selects_file(assets.image(image, account), filtering, "image")


def sort_videos(videos: Sequence[Asset], account: Account, params: Params) -> Sequence[Asset]:
    """Return the videos in the requested order: newest, or last modified, first."""
    if params["sort_field"] == "CREATE_TIME" or account.options.ignores_sort_field:
        return videos
    return last_modified_first(videos)
