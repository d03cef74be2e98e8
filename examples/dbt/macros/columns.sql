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
