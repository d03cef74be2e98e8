-- An Upgraded Smart+ ad has its own links, and each of its creatives in the stream ads has links.
{% set parameters = ['utm_source', 'utm_medium', 'utm_campaign', 'utm_content', 'utm_term'] %}
with ads as (
{{ newest_rows('ads', 'ad_id') }}
),

smart_plus_ads as (
{{ newest_rows('smart_plus_ads', 'smart_plus_ad_id') }}
),

links as (
{% for link_type, list, member, utm_params in [
    ('LANDING_PAGE', 'landing_page_url_list', 'landing_page_url', 'utm_params'),
    ('DEEPLINK', 'deeplink_list', 'deeplink', 'deeplink_utm_params'),
] %}
    select
        advertiser_id,
        smart_plus_ad_id as ad_id,
        '{{ link_type }}' as link_type,
        (link ->> '{{ member }}') as url,
        {{ json_list("(ad_configuration -> '" ~ utm_params ~ "')") }} as utm_params,
        null as creative_id,
        position
    from (
        select
            *,
            unnest({{ json_list(list) }}) as link,
            generate_subscripts({{ json_list(list) }}, 1) as position
        from smart_plus_ads
    ) as smart_plus_links

    union all

    select
        advertiser_id,
        {{ resolved_ad_id() }} as ad_id,
        '{{ link_type }}' as link_type,
        {{ member }} as url,
        {{ json_list(utm_params) }} as utm_params,
        ad_id as creative_id,
        0 as position
    from ads

    union all
{% endfor %}
    select
        advertiser_id,
        {{ resolved_ad_id() }} as ad_id,
        'LANDING_PAGE' as link_type,
        {{ json_text('link') }} as url,
        {{ json_list('utm_params') }} as utm_params,
        ad_id as creative_id,
        position
    from (
        select
            *,
            unnest({{ json_list('landing_page_urls') }}) as link,
            generate_subscripts({{ json_list('landing_page_urls') }}, 1) as position
        from ads
    ) as older_links

),

numbered_links as (

    select
        *,
        {{ url_query('url') }} as query,
        row_number() over (order by advertiser_id, creative_id nulls first, position, url) as link_number
    from links
    where url <> ''

),

parameters as (

    select
        link_number,
        'URL' as place,
        position,
        {{ decode_parameter("split_part(parameter, '=', 1)") }} as name,
        {{ decode_parameter("substr(parameter, length(split_part(parameter, '=', 1)) + 2)") }} as value
    from (
        select
            link_number,
            unnest(string_to_array(query, '&')) as parameter,
            generate_subscripts(string_to_array(query, '&'), 1) as position
        from numbered_links
    ) as url_parameters

    union all

    select
        link_number,
        'UTM_PARAMS' as place,
        position,
        (parameter ->> 'key') as name,
        (parameter ->> 'value') as value
    from (
        select
            link_number,
            unnest(utm_params) as parameter,
            generate_subscripts(utm_params, 1) as position
        from numbered_links
    ) as appended_parameters

),

first_parameters as (

    select
        link_number,
        name,
        value,
        row_number() over (partition by link_number, name order by place, position) as parameter_number
    from parameters
    where value is not null

),

link_parameters as (

    select
        link_number
        {%- for name in parameters %},
        max(case when name = '{{ name }}' then value end) as {{ name }}
        {%- endfor %}
    from first_parameters
    where parameter_number = 1
    group by link_number

)

select
    numbered_links.advertiser_id,
    numbered_links.ad_id,
    numbered_links.link_type,
    row_number() over (
        partition by numbered_links.advertiser_id, numbered_links.ad_id, numbered_links.link_type
        order by min(numbered_links.link_number)
    ) as link_index,
    numbered_links.url
    {%- for name in parameters %},
    link_parameters.{{ name }}
    {%- endfor %}
from numbered_links
left join link_parameters on numbered_links.link_number = link_parameters.link_number
group by
    numbered_links.advertiser_id, numbered_links.ad_id, numbered_links.link_type, numbered_links.url
    {%- for name in parameters %}, link_parameters.{{ name }}{% endfor %}
