{# Select the rows of a daily report, with days as dates and money as decimals. #}
{% macro daily_report(stream, id) %}
select
    advertiser_id,
    {{ id }},
    cast(stat_time_day as date) as date_day,
    is_top_view,
    is_final,
    cast(spend as {{ dbt.type_numeric() }}) as spend,
    cast(impressions as {{ dbt.type_bigint() }}) as impressions,
    cast(clicks as {{ dbt.type_bigint() }}) as clicks,
    cast(conversion as {{ dbt.type_bigint() }}) as conversions
from {{ source('tap_tiktok_ads', stream) }}
{% endmacro %}
