-- The names come from optional streams. The name of a kind is null if its stream is not loaded.
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
        {{ json_text('target_id') }} as target_id
    from (
        {% if kind == 'BEHAVIOR' -%}
        select
            advertiser_id,
            adgroup_id,
            unnest({{ json_list("(action -> 'action_category_ids')") }}) as target_id
        from (
            select advertiser_id, adgroup_id, unnest({{ json_list(column) }}) as action
            from {{ source('tap_tiktok_ads', 'ad_groups') }}
        ) as actions
        {%- else -%}
        select advertiser_id, adgroup_id, unnest({{ json_list(column) }}) as target_id
        from {{ source('tap_tiktok_ads', 'ad_groups') }}
        {%- endif %}
    ) as targets
),
{%- set relation = optional_relation(stream) %}
{{ stream }}_names as (
    -- Locations have a row for each advertiser, and carriers for each country.
    {% if relation -%}
    select {{ id }} as target_id, min({{ name }}) as target_name from {{ relation }} group by 1
    {%- else -%}
    select cast(null as text) as target_id, cast(null as text) as target_name where false
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
