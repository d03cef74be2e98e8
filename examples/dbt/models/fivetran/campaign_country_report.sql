{%- set report = source('tap_tiktok_ads', 'campaign_country_report') -%}
select
    {{ id_number('campaign_id') }} as campaign_id,
    cast(cast(stat_time_day as date) as {{ dbt.type_timestamp() }}) as stat_time_day,
    country_code,
    {{- cast_columns([
        'spend', 'conversion_rate', 'cost_per_conversion', 'cpc', 'cpm', 'ctr'
    ], double_type()) }},
    {{- cast_columns(['impressions', 'clicks', 'conversion', 'real_time_conversion'], dbt.type_bigint()) }},
    -- The time of the load, if the target writes it.
    {{ optional_column(report, '_sdc_batched_at', dbt.type_timestamp()) }} as _fivetran_synced
from {{ report }}
