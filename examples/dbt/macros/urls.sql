{# Return the query of a URL, or null if it has none. The fragment is not a part of the query. #}
{% macro url_query(url) -%}
    case
        when strpos(split_part({{ url }}, '#', 1), '?') > 0
            then substr(split_part({{ url }}, '#', 1), strpos({{ url }}, '?') + 1)
    end
{%- endmacro %}

{# Return a name or value of a query in decoded form. A plus sign becomes a space, and a run of percent
   escapes becomes the text that it encodes in UTF-8. A run that is no such text stays as it is. #}
{% macro decode_parameter(text) -%}
    {{ return(adapter.dispatch('decode_parameter', 'tap_tiktok_ads')(text)) }}
{%- endmacro %}

{% macro default__decode_parameter(text) -%}
    (
        select
            coalesce(string_agg(
                case
                    when {{ is_utf8('parts.part[1]') }}
                        then convert_from(decode(replace(parts.part[1], '%', ''), 'hex'), 'UTF8')
                    else parts.part[1]
                end,
                '' order by parts.position
            ), '')
        from regexp_matches({{ spaces_of_plus_signs(text) }}, '{{ part_pattern() }}', 'g')
            with ordinality as parts (part, position)
    )
{%- endmacro %}

{% macro duckdb__decode_parameter(text) -%}
    coalesce(array_to_string([
        case
            when {{ is_utf8('part') }} then decode(from_hex(replace(part, '%', '')))
            else part
        end
        for part in regexp_extract_all({{ spaces_of_plus_signs(text) }}, '{{ part_pattern() }}')
    ], ''), '')
{%- endmacro %}

{% macro spaces_of_plus_signs(text) -%}
    replace({{ text }}, '+', ' ')
{%- endmacro %}

{# Return the pattern of the parts of a text: runs of percent escapes, and the text between them. #}
{% macro part_pattern() -%}
    (?:%[0-9A-Fa-f][0-9A-Fa-f])+|[^%]+|%
{%- endmacro %}

{# Return true if a part is a run of percent escapes that encodes a text in UTF-8 (RFC 3629). It must not
   contain the null character, which Postgres cannot store. #}
{% macro is_utf8(part) -%}
    {%- set continuation = '%[89ab][0-9a-f]' -%}
    {%- set characters = [
        '%0[1-9a-f]',
        '%[1-7][0-9a-f]',
        '%(?:c[2-9a-f]|d[0-9a-f])' ~ continuation,
        '%e0%[ab][0-9a-f]' ~ continuation,
        '%e[1-9abcef]' ~ continuation * 2,
        '%ed%[89][0-9a-f]' ~ continuation,
        '%f0%[9ab][0-9a-f]' ~ continuation * 2,
        '%f[123]' ~ continuation * 3,
        '%f4%8[0-9a-f]' ~ continuation * 2,
    ] -%}
    lower({{ part }}) ~ '^(?:{{ characters | join('|') }})+$'
{%- endmacro %}
