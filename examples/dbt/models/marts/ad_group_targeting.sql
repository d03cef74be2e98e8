-- The names come from optional streams. The name of a kind is null if its stream is not loaded.
-- Arrays are JSON in the tables of target-duckdb. The functions that read them are those of DuckDB.
{% set kinds = [
    ('LOCATION', 'location_ids', 'regions', 'location_id', 'name'),
    ('LANGUAGE', 'languages', 'languages', 'code', 'name'),
    ('INTEREST', 'interest_category_ids', 'interest_categories', 'interest_category_id',
        'interest_category_name'),
    ('BEHAVIOR', 'actions', 'action_categories', 'action_category_id', 'name'),
    ('CARRIER', 'carrier_ids', 'carriers', 'carrier_id', 'name'),
    ('DEVICE', 'device_model_ids', 'device_models', 'device_model_id', 'device_model_name'),
] %}
with
{% for kind, column, stream, id, name in kinds %}
{{ stream }}_of_ad_groups as (
    select distinct
        advertiser_id,
        adgroup_id,
        {% if kind == 'BEHAVIOR' -%}
        unnest(flatten(from_json(
            cast(json_extract(cast({{ column }} as json), '$[*].action_category_ids') as json),
            '[["varchar"]]'
        ))) as target_id
        {%- else -%}
        unnest(from_json(cast({{ column }} as json), '["varchar"]')) as target_id
        {%- endif %}
    from {{ source('tap_tiktok_ads', 'ad_groups') }}
),
{%- set relation = adapter.get_relation(
    database=target.database, schema=var('tap_tiktok_ads_schema', 'tiktok_ads'), identifier=stream
) if execute %}
{{ stream }}_names as (
    -- Locations have a row for each advertiser, and carriers for each country.
    {% if relation -%}
    select {{ id }} as target_id, min({{ name }}) as target_name from {{ relation }} group by 1
    {%- else -%}
    select cast(null as varchar) as target_id, cast(null as varchar) as target_name where false
    {%- endif %}
){{ ',' if not loop.last }}
{% endfor %}
{% for kind, column, stream, id, name in kinds %}
select
    targets.advertiser_id,
    targets.adgroup_id,
    '{{ kind }}' as target_kind,
    targets.target_id,
    names.target_name
from {{ stream }}_of_ad_groups as targets
left join {{ stream }}_names as names on targets.target_id = names.target_id
where targets.target_id is not null
{{ 'union all' if not loop.last }}
{% endfor %}
