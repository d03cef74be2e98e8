-- This model has no spend. Reports have spend by creative (`ad_id` of ads), and TikTok does not
-- return the `ad_material_id` of a creative. A video can be in several creatives, so any division
-- of their spend would be arbitrary.
select
    {{ dbt.concat([
        "media.advertiser_id", "'/'", "media.smart_plus_ad_id", "'/'", "media.media_type", "'/'",
        "media.media_id", "'/'", "media.ad_material_id"
    ]) }} as smart_plus_media_key,
    media.advertiser_id,
    media.smart_plus_ad_id,
    smart_plus_ads.ad_name,
    media.media_type,
    media.media_id,
    media.ad_material_id,
    media.media_index,
    coalesce(media.media_name, videos.file_name, images.file_name) as media_name,
    media.ad_format,
    media.material_operation_status,
    coalesce(videos.width, images.width) as width,
    coalesce(videos.height, images.height) as height,
    videos.duration as video_seconds
from {{ source('tap_tiktok_ads', 'smart_plus_ad_media') }} as media
left join {{ source('tap_tiktok_ads', 'smart_plus_ads') }} as smart_plus_ads
    on media.advertiser_id = smart_plus_ads.advertiser_id
    and media.smart_plus_ad_id = smart_plus_ads.smart_plus_ad_id
left join {{ source('tap_tiktok_ads', 'video_creatives') }} as videos
    on media.advertiser_id = videos.advertiser_id
    and media.media_type = 'VIDEO'
    and media.media_id = videos.video_id
left join {{ source('tap_tiktok_ads', 'image_creatives') }} as images
    on media.advertiser_id = images.advertiser_id
    and media.media_type = 'IMAGE'
    and media.media_id = images.image_id
