{# A column that is there only with some settings of the tap or the target; null without it. #}
{% macro optional_column(relation, name, type) -%}
    {%- set there = [] -%}
    {%- if execute -%}
        {%- for column in adapter.get_columns_in_relation(relation) -%}
            {%- if column.name | lower == name -%}{%- do there.append(name) -%}{%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    cast({{ name if there else 'null' }} as {{ type }})
{%- endmacro %}

{# IDs are text in the tap's rows; TikTok's are whole numbers below 2^63. '-' stands for none. #}
{% macro id_number(column) -%}
    cast(nullif({{ column }}, '-') as {{ dbt.type_bigint() }})
{%- endmacro %}

{# dbt's own type_float has four bytes in DuckDB. #}
{% macro double_type() -%}
    {{ 'float64' if target.type == 'bigquery' else 'double precision' }}
{%- endmacro %}

{# Whether an object was deleted, or what it belongs to: AD_STATUS_DELETE, AD_STATUS_CAMPAIGN_DELETE;
   or whether TikTok lists it no more (setting track_deleted of the tap). #}
{% macro is_deleted(relation) -%}
    (
        coalesce(secondary_status, '') like '%_DELETE'
        or {{ optional_column(relation, '_deleted_at', dbt.type_timestamp()) }} is not null
    )
{%- endmacro %}
