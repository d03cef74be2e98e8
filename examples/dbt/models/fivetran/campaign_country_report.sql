{%- set report = source('tap_tiktok_ads', 'campaign_country_report') -%}
select
    {{ id_number('campaign_id') }} as campaign_id,
    cast(cast(stat_time_day as date) as {{ dbt.type_timestamp() }}) as stat_time_day,
    country_code,
    cast(spend as {{ double_type() }}) as spend,
    cast(impressions as {{ dbt.type_bigint() }}) as impressions,
    cast(clicks as {{ dbt.type_bigint() }}) as clicks,
    cast(conversion as {{ dbt.type_bigint() }}) as conversion,
    cast(real_time_conversion as {{ dbt.type_bigint() }}) as real_time_conversion,
    cast(conversion_rate as {{ double_type() }}) as conversion_rate,
    cast(cost_per_conversion as {{ double_type() }}) as cost_per_conversion,
    cast(cpc as {{ double_type() }}) as cpc,
    cast(cpm as {{ double_type() }}) as cpm,
    cast(ctr as {{ double_type() }}) as ctr,
    -- The time of the load, if the target writes it.
    {{ optional_column(report, '_sdc_batched_at', dbt.type_timestamp()) }} as _fivetran_synced
from {{ report }}
