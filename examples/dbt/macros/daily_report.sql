{# Select the rows of a daily report, with days as dates and money as decimals. An incremental run selects
   the rows that were loaded since the last run, and one day before it: parallel loads can end in any
   order. Without the target's column _sdc_batched_at, each run selects all rows. #}
{% macro daily_report(stream, id) %}
{%- set report = source('tap_tiktok_ads', stream) -%}
{%- set loaded_at = optional_column(report, '_sdc_batched_at', dbt.type_timestamp()) -%}
select
    advertiser_id,
    {{ id }},
    cast(stat_time_day as date) as date_day,
    is_top_view,
    is_final,
    {{ cast_column('spend', dbt.type_numeric()) }},
    {{ cast_columns(['impressions', 'clicks'], dbt.type_bigint()) }},
    {{ cast_column('conversion', dbt.type_bigint(), 'conversions') }},
    {{ loaded_at }} as loaded_at
from {{ report }}
{%- if is_incremental() %}
where {{ loaded_at }} >= (
        select coalesce({{ dbt.dateadd('day', -1, 'max(loaded_at)') }}, cast('1970-01-01' as {{ dbt.type_timestamp() }}))
        from {{ this }}
    )
    or {{ loaded_at }} is null
{%- endif %}
{% endmacro %}
