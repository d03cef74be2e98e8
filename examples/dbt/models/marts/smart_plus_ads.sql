-- In reports and in the stream ads, the `ad_id` of Upgraded Smart+ is a creative. The column
-- `smart_plus_ad_id` of ads is the ad. So ads connects the spend of reports with Smart+ ads.
with smart_plus_ads as (

    select
        advertiser_id,
        smart_plus_ad_id,
        ad_name,
        campaign_id,
        campaign_name,
        adgroup_id,
        adgroup_name,
        operation_status,
        secondary_status,
        {{ is_deleted(source('tap_tiktok_ads', 'smart_plus_ads')) }} as is_deleted,
        create_time,
        modify_time
    from {{ source('tap_tiktok_ads', 'smart_plus_ads') }}

),

creatives as (

    select
        advertiser_id,
        smart_plus_ad_id,
        count(*) as creatives,
        sum(case when material_operation_status = 'ENABLE' then 1 else 0 end) as creatives_enabled
    from {{ source('tap_tiktok_ads', 'smart_plus_ad_creatives') }}
    group by advertiser_id, smart_plus_ad_id

),

media as (

    select
        advertiser_id,
        smart_plus_ad_id,
        count(distinct case when media_type = 'VIDEO' then media_id end) as videos,
        count(distinct case when media_type = 'IMAGE' then media_id end) as images,
        count(distinct case when media_type = 'MUSIC' then media_id end) as music,
        count(distinct case when media_type = 'TIKTOK_POST' then media_id end) as tiktok_posts,
        count(distinct case when media_type = 'PLAYABLE' then media_id end) as playables
    from {{ source('tap_tiktok_ads', 'smart_plus_ad_media') }}
    group by advertiser_id, smart_plus_ad_id

),

spend as (

    select
        ads.advertiser_id,
        ads.smart_plus_ad_id,
        count(distinct ads.ad_id) as ads,
        min(report.date_day) as first_day,
        max(report.date_day) as last_day,
        sum(report.spend) as spend,
        sum(report.impressions) as impressions,
        sum(report.clicks) as clicks,
        sum(report.conversions) as conversions
    from {{ source('tap_tiktok_ads', 'ads') }} as ads
    left join {{ ref('stg_ad_report') }} as report
        on ads.advertiser_id = report.advertiser_id
        and ads.ad_id = report.ad_id
    where ads.smart_plus_ad_id is not null
    group by ads.advertiser_id, ads.smart_plus_ad_id

)

select
    smart_plus_ads.advertiser_id,
    advertisers.name as advertiser_name,
    advertisers.currency,
    smart_plus_ads.smart_plus_ad_id,
    smart_plus_ads.ad_name,
    smart_plus_ads.campaign_id,
    smart_plus_ads.campaign_name,
    smart_plus_ads.adgroup_id,
    smart_plus_ads.adgroup_name,
    smart_plus_ads.operation_status,
    smart_plus_ads.secondary_status,
    smart_plus_ads.is_deleted,
    coalesce(creatives.creatives, 0) as creatives,
    coalesce(creatives.creatives_enabled, 0) as creatives_enabled,
    coalesce(media.videos, 0) as videos,
    coalesce(media.images, 0) as images,
    coalesce(media.music, 0) as music,
    coalesce(media.tiktok_posts, 0) as tiktok_posts,
    coalesce(media.playables, 0) as playables,
    coalesce(spend.ads, 0) as ads,
    spend.first_day,
    spend.last_day,
    spend.spend,
    spend.impressions,
    spend.clicks,
    spend.conversions,
    smart_plus_ads.create_time,
    smart_plus_ads.modify_time
from smart_plus_ads
left join creatives
    on smart_plus_ads.advertiser_id = creatives.advertiser_id
    and smart_plus_ads.smart_plus_ad_id = creatives.smart_plus_ad_id
left join media
    on smart_plus_ads.advertiser_id = media.advertiser_id
    and smart_plus_ads.smart_plus_ad_id = media.smart_plus_ad_id
left join spend
    on smart_plus_ads.advertiser_id = spend.advertiser_id
    and smart_plus_ads.smart_plus_ad_id = spend.smart_plus_ad_id
left join {{ source('tap_tiktok_ads', 'advertisers') }} as advertisers
    on smart_plus_ads.advertiser_id = advertisers.advertiser_id
