with campaigns as (

    select
        advertiser_id,
        campaign_id,
        campaign_name,
        operation_status,
        secondary_status,
        {{ is_deleted(source('tap_tiktok_ads', 'campaigns')) }} as is_deleted
    from {{ source('tap_tiktok_ads', 'campaigns') }}

),

ad_groups as (

    select
        advertiser_id,
        adgroup_id,
        adgroup_name,
        operation_status,
        secondary_status,
        {{ is_deleted(source('tap_tiktok_ads', 'ad_groups')) }} as is_deleted
    from {{ source('tap_tiktok_ads', 'ad_groups') }}

),

ads as (

    select
        advertiser_id,
        campaign_id,
        campaign_name,
        adgroup_id,
        adgroup_name,
        ad_id,
        ad_name,
        ad_format,
        campaign_automation_type,
        smart_plus_ad_id,
        operation_status,
        secondary_status,
        create_time,
        modify_time,
        {{ is_deleted(source('tap_tiktok_ads', 'ads')) }} as is_deleted
    from {{ source('tap_tiktok_ads', 'ads') }}

)

-- Campaigns and ad groups have the newest names and statuses. The ad has names of objects that are missing.
select
    ads.advertiser_id,
    advertisers.name as advertiser_name,
    advertisers.currency,
    advertisers.status as advertiser_status,
    ads.campaign_id,
    coalesce(campaigns.campaign_name, ads.campaign_name) as campaign_name,
    campaigns.operation_status as campaign_operation_status,
    campaigns.secondary_status as campaign_secondary_status,
    ads.adgroup_id,
    coalesce(ad_groups.adgroup_name, ads.adgroup_name) as adgroup_name,
    ad_groups.operation_status as adgroup_operation_status,
    ad_groups.secondary_status as adgroup_secondary_status,
    ads.ad_id,
    ads.ad_name,
    ads.ad_format,
    ads.operation_status as ad_operation_status,
    ads.secondary_status as ad_secondary_status,
    ads.campaign_automation_type,
    ads.smart_plus_ad_id,
    coalesce(campaigns.is_deleted, false) as campaign_is_deleted,
    coalesce(ad_groups.is_deleted, false) as adgroup_is_deleted,
    ads.is_deleted
        or coalesce(ad_groups.is_deleted, false)
        or coalesce(campaigns.is_deleted, false) as is_deleted,
    ads.create_time,
    ads.modify_time
from ads
left join ad_groups
    on ads.advertiser_id = ad_groups.advertiser_id
    and ads.adgroup_id = ad_groups.adgroup_id
left join campaigns
    on ads.advertiser_id = campaigns.advertiser_id
    and ads.campaign_id = campaigns.campaign_id
left join {{ source('tap_tiktok_ads', 'advertisers') }} as advertisers
    on ads.advertiser_id = advertisers.advertiser_id
