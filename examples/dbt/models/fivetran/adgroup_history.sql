-- One row per current ad group.
select
    {{ id_number('advertiser_id') }} as advertiser_id,
    {{ id_number('campaign_id') }} as campaign_id,
    {{ id_number('adgroup_id') }} as adgroup_id,
    adgroup_name,
    cast(coalesce(modify_time, create_time) as {{ dbt.type_timestamp() }}) as updated_at,
    {{ cast_column('action_days', dbt.type_bigint()) }},
    audience_type,
    {{ cast_column('budget', double_type()) }},
    {{ id_number('category_id') }} as category,
    -- In API v1.3, these two columns belong to ads.
    {{ cast_column('null', dbt.type_string(), 'display_name') }},
    {{ cast_column('null', dbt.type_string(), 'landing_page_url') }},
    {{ cast_column('frequency', dbt.type_bigint()) }},
    {{ cast_column('frequency_schedule', dbt.type_bigint()) }},
    gender,
    -- Lists as JSON text.
    {{ cast_column('interest_category_ids', dbt.type_string(), 'interest_category_v_2') }},
    {{ cast_column('action_category_ids', dbt.type_string(), 'action_categories') }},
    {{ cast_column('age_groups', dbt.type_string()) }},
    {{ cast_column('languages', dbt.type_string()) }}
from {{ source('tap_tiktok_ads', 'ad_groups') }}
