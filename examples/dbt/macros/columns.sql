{# Return a column that exists only with some settings of the tap or target. Return null without it. #}
{% macro optional_column(relation, name, type) -%}
    {%- set matches = [] -%}
    {%- if execute -%}
        {%- for column in adapter.get_columns_in_relation(relation) -%}
            {%- if column.name | lower == name -%}{%- do matches.append(name) -%}{%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    cast({{ name if matches else 'null' }} as {{ type }})
{%- endmacro %}

{# Return a column with another type, under its own or another name. #}
{% macro cast_column(column, type, name=none) -%}
    cast({{ column }} as {{ type }}) as {{ name or column }}
{%- endmacro %}

{# Return columns with another type, under their own names, separated by commas. #}
{% macro cast_columns(columns, type) -%}
    {%- for column in columns %}
    {{ cast_column(column, type) }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# Return an ID as a number. The tap writes IDs as text. TikTok's IDs are integers below 2^63, and '-'
   means that there is no ID. #}
{% macro id_number(column) -%}
    cast(nullif({{ column }}, '-') as {{ dbt.type_bigint() }})
{%- endmacro %}

{# Return a floating-point type of eight bytes. dbt's type_float has four bytes in DuckDB. #}
{% macro double_type() -%}
    {{ 'float64' if target.type == 'bigquery' else 'double precision' }}
{%- endmacro %}

{# Return true if the object or its parent was deleted (AD_STATUS_DELETE, AD_STATUS_CAMPAIGN_DELETE), or
   if TikTok no longer lists it (setting track_deleted of the tap). #}
{% macro is_deleted(relation) -%}
    (
        coalesce(secondary_status, '') like '%_DELETE'
        or {{ optional_column(relation, '_deleted_at', dbt.type_timestamp()) }} is not null
    )
{%- endmacro %}

{# Select the newest row of each key: the row that was loaded last, and of these the row that TikTok changed
   last. A target that appends keeps the earlier rows. #}
{% macro newest_rows(stream, id) %}
{%- set relation = source('tap_tiktok_ads', stream) %}
    select distinct on (advertiser_id, {{ id }})
        *,
        {{ is_deleted(relation) }} as is_deleted
    from {{ relation }}
    order by
        advertiser_id,
        {{ id }},
        {{ optional_column(relation, '_sdc_batched_at', dbt.type_timestamp()) }} desc nulls last,
        modify_time desc nulls last
{%- endmacro %}

{# Return the value of a group whose rows have one value, or null if they have several. #}
{% macro only_value(column) -%}
    case when min({{ column }}) = max({{ column }}) then min({{ column }}) end as {{ column }}
{%- endmacro %}

{# Return the relation of an optional stream, or none if it is not loaded. #}
{% macro optional_relation(stream) -%}
    {%- if execute -%}
        {{ return(adapter.get_relation(
            database=target.database,
            schema=var('tap_tiktok_ads_schema', 'tiktok_ads'),
            identifier=stream
        )) }}
    {%- endif -%}
{%- endmacro %}

{# Return the ID of the ad to which a row of the stream ads belongs. For Upgraded Smart+, the row is a
   creative of the ad. #}
{% macro resolved_ad_id() -%}
    coalesce(nullif(smart_plus_ad_id, ''), ad_id)
{%- endmacro %}
