-- One row per current ad. For Upgraded Smart+, `ad_id` is a creative, as in the reports.
select
    {{ id_number('advertiser_id') }} as advertiser_id,
    {{ id_number('campaign_id') }} as campaign_id,
    {{ id_number('adgroup_id') }} as adgroup_id,
    {{ id_number('ad_id') }} as ad_id,
    ad_name,
    cast(coalesce(modify_time, create_time) as {{ dbt.type_timestamp() }}) as updated_at,
    call_to_action,
    click_tracking_url,
    impression_tracking_url,
    landing_page_url
from {{ source('tap_tiktok_ads', 'ads') }}
