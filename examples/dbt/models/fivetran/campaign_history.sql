-- One row per current campaign.
select
    {{ id_number('advertiser_id') }} as advertiser_id,
    {{ id_number('campaign_id') }} as campaign_id,
    campaign_name,
    campaign_type,
    split_test_variable,
    cast(coalesce(modify_time, create_time) as {{ dbt.type_timestamp() }}) as updated_at,
    objective_type,
    -- The delivery status. operation_status is the on/off switch.
    secondary_status as status,
    {{ cast_column('budget', dbt.type_numeric()) }},
    budget_mode,
    {{ cast_column('create_time', dbt.type_timestamp()) }},
    {{ cast_column('is_new_structure', dbt.type_string()) }}
from {{ source('tap_tiktok_ads', 'campaigns') }}
