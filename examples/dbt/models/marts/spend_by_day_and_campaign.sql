select
    report.date_day,
    report.advertiser_id,
    advertisers.name as advertiser_name,
    advertisers.currency,
    report.campaign_id,
    campaigns.campaign_name,
    campaigns.objective_type,
    campaigns.campaign_automation_type,
    campaigns.rf_campaign_type,
    report.is_top_view,
    report.spend,
    report.impressions,
    report.clicks,
    report.conversions,
    report.is_final
from {{ ref('stg_campaign_report') }} as report
left join {{ source('tap_tiktok_ads', 'campaigns') }} as campaigns
    on report.advertiser_id = campaigns.advertiser_id
    and report.campaign_id = campaigns.campaign_id
left join {{ source('tap_tiktok_ads', 'advertisers') }} as advertisers
    on report.advertiser_id = advertisers.advertiser_id
