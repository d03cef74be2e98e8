{# Functions on arrays and objects. target-duckdb writes both as JSON. target-postgres writes arrays of
   texts as text[], arrays of objects as jsonb[] and objects as jsonb. #}

{# Return an array as a list of JSON values. Return null for any other value. #}
{% macro json_list(column) -%}
    {{ return(adapter.dispatch('json_list', 'tap_tiktok_ads')(column)) }}
{%- endmacro %}

{% macro default__json_list(column) -%}
    case
        when jsonb_typeof(to_jsonb({{ column }})) = 'array'
            then array(select jsonb_array_elements(to_jsonb({{ column }})))
    end
{%- endmacro %}

{% macro duckdb__json_list(column) -%}
    from_json(cast({{ column }} as json), '["json"]')
{%- endmacro %}

{# Return a JSON value as text, without the quotes of a JSON text. #}
{% macro json_text(value) -%}
    {{ return(adapter.dispatch('json_text', 'tap_tiktok_ads')(value)) }}
{%- endmacro %}

{% macro default__json_text(value) -%}
    ({{ value }} #>> '{}')
{%- endmacro %}

{% macro duckdb__json_text(value) -%}
    ({{ value }} ->> '$')
{%- endmacro %}
