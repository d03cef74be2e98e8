"""The endpoints of TikTok's API that the tap accepts: it only reads."""

from __future__ import annotations

import pytest

from tap_tiktok_ads.config.endpoint_paths import parse_path

#: POST endpoints that read.
READ_POSTS = """
/ad/audience_size/estimate/ /changelog/task/create/ /discovery/data/query/
/open_api/v1.2/tool/targeting/search/ /page/lead/task/ /pixel/list/ /report/integrated/get/
/report/task/check/ /report/task/create/ /report/task/download/ /tool/bid/recommend/
/tool/search_keyword/recommend/ /tool/targeting/info/ /tool/targeting/search/
/tool/targeting_category/recommend/
"""
#: POST endpoints that change something, and paths that TikTok does not document.
WRITE_POSTS = """
/ad/aco/create/ /ad/aco/material_status/update/ /ad/aco/update/ /ad/create/ /ad/status/update/
/ad/update/ /adgroup/budget/update/ /adgroup/create/ /adgroup/status/update/ /adgroup/update/
/advertiser/update/ /app/batch/ /app/create/ /app/track/ /app/update/ /bc/advertiser/create/
/bc/asset/admin/delete/ /bc/asset/assign/ /bc/asset/unassign/ /bc/asset_group/create/
/bc/asset_group/delete/ /bc/asset_group/update/ /bc/billing_group/create/
/bc/billing_group/update/ /bc/image/upload/ /bc/member/delete/ /bc/member/invite/
/bc/member/update/ /bc/partner/add/ /bc/partner/asset/delete/ /bc/partner/delete/
/bc/pixel/link/update/ /bc/pixel/transfer/ /bc/transfer/ /blockedword/create/
/blockedword/delete/ /blockedword/task/create/ /blockedword/update/ /business/comment/create/
/business/comment/delete/ /business/comment/hide/ /business/comment/like/
/business/comment/reply/create/ /business/message/send/ /business/photo/publish/
/business/video/publish/ /business/webhook/update/ /campaign/GET/ /campaign/copy/task/create/
/campaign/create/ /campaign/gmv_max/create/ /campaign/gmv_max/session/create/
/campaign/gmv_max/session/delete/ /campaign/gmv_max/session/update/ /campaign/gmv_max/update/
/campaign/spc/create/ /campaign/status/update/ /campaign/update/ /catalog/capitalize/
/catalog/create/ /catalog/delete/ /catalog/eventsource/bind/ /catalog/eventsource/unbind/
/catalog/feed/create/ /catalog/feed/delete/ /catalog/feed/update/ /catalog/product/delete/
/catalog/product/file/ /catalog/set/delete/ /catalog/set/update/ /catalog/update/
/catalog/video/delete/ /comment/delete/ /comment/post/ /comment/status/update/
/comment/task/create/ /creative/asset/delete/ /creative/asset/share/ /creative/image/edit/
/creative/portfolio/create/ /creative/quick_optimization/create/ /creative/report/export/
/creative/shareable_link/create/ /creative/smart_text/generate/ /dmp/custom_audience/apply/
/dmp/custom_audience/create/ /dmp/custom_audience/delete/ /dmp/custom_audience/file/upload/
/dmp/custom_audience/lookalike/create/ /dmp/custom_audience/lookalike/update/
/dmp/custom_audience/rule/create/ /dmp/custom_audience/share/
/dmp/custom_audience/share/cancel/ /dmp/custom_audience/update/ /dmp/saved_audience/create/
/dmp/saved_audience/delete/ /event/track/ /file/image/ad/upload/ /file/video/ad/upload/
/file/video/upload/ /gmv_max/exclusive_authorization/create/ /identity/create/ /oauth/token/
/oauth2/access_token/ /oauth2/revoke_token/ /offline/batch/ /offline/create/ /offline/delete/
/offline/track/ /offline/update/ /optimizer/rule/batch_bind/ /optimizer/rule/create/
/optimizer/rule/update/ /page/lead/mock/create/ /pangle_block_list/update/ /pixel/batch/
/pixel/create/ /pixel/event/create/ /pixel/event/delete/ /pixel/event/update/ /pixel/track/
/pixel/update/ /playable/delete/ /playable/save/ /playable/upload/ /report/task/cancel/
/smart_plus/ad/appeal/ /smart_plus/ad/create/ /smart_plus/ad/material_status/update/
/smart_plus/ad/status/update/ /smart_plus/ad/update/ /smart_plus/adgroup/create/
/smart_plus/adgroup/status/update/ /smart_plus/adgroup/update/ /smart_plus/campaign/create/
/smart_plus/campaign/status/update/ /smart_plus/campaign/update/ /subscription/subscribe/
/subscription/unsubscribe/ /term/confirm/ /tt_user/oauth2/refresh_token/
/tt_user/oauth2/revoke/ /tt_user/oauth2/token/ /x/report/task/create/
"""
#: GET endpoints of TikTok's SDK and of the built-in streams.
READ_GETS = """
/ad/aco/get/ /ad/get/ /ad/review_info/ /adgroup/get/ /adgroup/quota/ /advertiser/balance/get/
/advertiser/info/ /advertiser/transaction/get/ /app/info/ /app/list/ /app/optimization_event/
/app/optimization_event/retargeting/ /audience/insight/overlap/ /bc/account/transaction/get/
/bc/asset/admin/get/ /bc/asset/get/ /bc/asset/member/get/ /bc/asset/partner/get/
/bc/asset_group/get/ /bc/asset_group/list/ /bc/balance/get/ /bc/billing_group/get/ /bc/get/
/bc/invoice/unpaid/get/ /bc/member/get/ /bc/partner/asset/get/ /bc/partner/get/
/bc/pixel/link/get/ /bc/transaction/get/ /blockedword/check/ /blockedword/list/
/blockedword/task/check/ /campaign/get/ /campaign/gmv_max/info/ /campaign/gmv_max/session/get/
/campaign/gmv_max/session/list/ /catalog/available_country/get/ /catalog/eventsource_bind/get/
/catalog/feed/get/ /catalog/feed/log/ /catalog/get/ /catalog/lexicon/get/
/catalog/location_currency/get/ /catalog/overview/ /catalog/product/log/ /catalog/set/get/
/catalog/set/product/get/ /catalog/video/get/ /comment/list/ /comment/reference/
/comment/task/check/ /creative/portfolio/get/ /creative/portfolio/list/ /discovery/detail/
/discovery/trending_list/ /dmp/custom_audience/apply/log/ /dmp/custom_audience/get/
/dmp/custom_audience/list/ /dmp/custom_audience/share/log/ /dmp/saved_audience/list/
/file/image/ad/info/ /file/image/ad/search/ /file/music/get/ /file/video/ad/info/
/file/video/ad/search/ /gmv_max/bid/recommend/ /gmv_max/campaign/get/
/gmv_max/custom_anchor_video_list/get/ /gmv_max/exclusive_authorization/get/
/gmv_max/identity/get/ /gmv_max/occupied_custom_shop_ads/list/ /gmv_max/report/get/
/gmv_max/store/list/ /gmv_max/store/shop_ad_usage_check/ /gmv_max/video/get/ /identity/get/
/identity/video/info/ /oauth2/advertiser/get/ /offline/get/ /optimizer/rule/get/
/optimizer/rule/list/ /optimizer/rule/result/get/ /optimizer/rule/result/list/ /page/get/
/pangle_audience_package/get/ /pangle_block_list/get/ /pixel/event/stats/ /pixel/list/
/playable/get/ /playable/validate/ /report/integrated/get/ /report/task/check/
/report/task/download/ /search/region/ /smart_plus/ad/get/ /smart_plus/ad/review_info/
/smart_plus/adgroup/get/ /smart_plus/campaign/get/ /smart_plus/material/review_info/
/smart_plus/material_report/breakdown/ /smart_plus/material_report/overview/ /store/list/
/term/check/ /term/get/ /tool/action_category/ /tool/brand_safety/partner/authorize/status/
/tool/carrier/ /tool/contextual_tag/get/ /tool/contextual_tag/info/ /tool/device_model/
/tool/diagnosis/get/ /tool/diagnosis/search/health/ /tool/hashtag/get/ /tool/hashtag/recommend/
/tool/interest_category/ /tool/interest_keyword/get/ /tool/interest_keyword/recommend/
/tool/language/ /tool/open_url/ /tool/os_version/ /tool/phone_region_code/ /tool/region/
/tool/targeting/list/ /tool/timezone/ /tool/url_validate/ /tool/vbo_status/ /tt_video/list/
"""


@pytest.mark.parametrize("path", READ_POSTS.split())
def test_reading_posts_are_accepted(path: str) -> None:
    """A POST to an endpoint that reads is accepted."""
    assert parse_path(path, "POST") == path


@pytest.mark.parametrize("path", WRITE_POSTS.split())
def test_writing_posts_are_rejected(path: str) -> None:
    """A POST to any other endpoint is rejected, also to an unknown endpoint."""
    with pytest.raises(ValueError, match="The tap only reads data"):
        parse_path(path, "POST")


@pytest.mark.parametrize("path", READ_GETS.split())
def test_reading_gets_are_accepted(path: str) -> None:
    """A GET of every endpoint that reads is accepted."""
    assert parse_path(path, "GET") == path


@pytest.mark.parametrize(
    "path",
    [path for path in WRITE_POSTS.split() if path.endswith(("/create/", "/update/", "_token/"))],
)
def test_writing_gets_are_rejected(path: str) -> None:
    """A GET of an endpoint that changes data is rejected."""
    with pytest.raises(ValueError, match="changes data at TikTok"):
        parse_path(path, "GET")
