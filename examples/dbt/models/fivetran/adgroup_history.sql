-- One row per current ad group.
select
    {{ id_number('advertiser_id') }} as advertiser_id,
    {{ id_number('campaign_id') }} as campaign_id,
    {{ id_number('adgroup_id') }} as adgroup_id,
    adgroup_name,
    cast(coalesce(modify_time, create_time) as {{ dbt.type_timestamp() }}) as updated_at,
    cast(action_days as {{ dbt.type_bigint() }}) as action_days,
    audience_type,
    cast(budget as {{ double_type() }}) as budget,
    {{ id_number('category_id') }} as category,
    -- In API v1.3, these two columns belong to ads.
    cast(null as {{ dbt.type_string() }}) as display_name,
    cast(null as {{ dbt.type_string() }}) as landing_page_url,
    cast(frequency as {{ dbt.type_bigint() }}) as frequency,
    cast(frequency_schedule as {{ dbt.type_bigint() }}) as frequency_schedule,
    gender,
    -- Lists as JSON text.
    cast(interest_category_ids as {{ dbt.type_string() }}) as interest_category_v_2,
    cast(action_category_ids as {{ dbt.type_string() }}) as action_categories,
    cast(age_groups as {{ dbt.type_string() }}) as age_groups,
    cast(languages as {{ dbt.type_string() }}) as languages
from {{ source('tap_tiktok_ads', 'ad_groups') }}
