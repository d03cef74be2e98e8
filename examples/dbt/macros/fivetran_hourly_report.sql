{# Select a daily report in the shape of NAME_report_hourly of Fivetran's connector. Each row contains a
   complete day, at midnight. The package sums hours to days, so its results are equal.
   total_sales_lead_value is null unless the tap's setting report_metrics requests it: see docs/dbt.md. #}
{% macro fivetran_hourly_report(stream, id) %}
{%- set report = source('tap_tiktok_ads', stream) -%}
select
    {{ id_number(id) }} as {{ id }},
    cast(cast(stat_time_day as date) as {{ dbt.type_timestamp() }}) as stat_time_hour,
    {%- for name in ['spend', 'total_purchase_value', 'total_sales_lead_value'] %}
    {{ optional_column(report, name, dbt.type_numeric()) }} as {{ name }},
    {%- endfor %}
    {%- for name in [
        'impressions', 'clicks', 'reach', 'conversion', 'real_time_conversion', 'likes', 'comments',
        'shares', 'follows', 'profile_visits', 'video_play_actions'
    ] %}
    cast({{ name }} as {{ dbt.type_bigint() }}) as {{ name }},
    {%- endfor %}
    {%- for name in ['2_s', '6_s'] %}
    cast(video_watched_{{ name | replace('_', '') }} as {{ dbt.type_bigint() }}) as video_watched_{{ name }},
    {%- endfor %}
    {%- for name in [25, 50, 75] %}
    cast(video_views_p{{ name }} as {{ dbt.type_bigint() }}) as video_views_p_{{ name }},
    {%- endfor %}
    {%- for name in [
        'average_video_play', 'average_video_play_per_user', 'conversion_rate', 'cost_per_conversion',
        'cpc', 'cpm', 'ctr'
    ] %}
    cast({{ name }} as {{ double_type() }}) as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ report }}
{% endmacro %}
