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
    cast(budget as {{ dbt.type_numeric() }}) as budget,
    budget_mode,
    cast(create_time as {{ dbt.type_timestamp() }}) as create_time,
    cast(is_new_structure as {{ dbt.type_string() }}) as is_new_structure
from {{ source('tap_tiktok_ads', 'campaigns') }}
