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
    {{- cast_columns([
        'impressions', 'clicks', 'reach', 'conversion', 'real_time_conversion', 'likes', 'comments',
        'shares', 'follows', 'profile_visits', 'video_play_actions'
    ], dbt.type_bigint()) }},
    {%- for name in ['2_s', '6_s'] %}
    {{ cast_column('video_watched_' ~ name | replace('_', ''), dbt.type_bigint(), 'video_watched_' ~ name) }},
    {%- endfor %}
    {%- for name in [25, 50, 75] %}
    {{ cast_column('video_views_p' ~ name, dbt.type_bigint(), 'video_views_p_' ~ name) }},
    {%- endfor %}
    {{- cast_columns([
        'average_video_play', 'average_video_play_per_user', 'conversion_rate', 'cost_per_conversion',
        'cpc', 'cpm', 'ctr'
    ], double_type()) }}
from {{ report }}
{% endmacro %}
