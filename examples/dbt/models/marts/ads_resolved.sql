-- In the stream ads, a row of Upgraded Smart+ is a creative, and `smart_plus_ad_id` is the ad. This model has
-- one row for each ad, and lists for what its creatives have.
{% set lists = [
    'report_ad_ids', 'creative_sources', 'video_ids', 'image_ids', 'tiktok_item_ids', 'catalog_ids'
] %}
{% set parameters = ['utm_source', 'utm_medium', 'utm_campaign', 'utm_content', 'utm_term'] %}
{% set attributes = [
    'campaign_id', 'campaign_name', 'adgroup_id', 'adgroup_name', 'ad_name', 'operation_status', 'secondary_status'
] %}
with ads as (
    select
        *,
        {{ resolved_ad_id() }} as resolved_ad_id
    from ({{ newest_rows('ads', 'ad_id') }}) as newest_ads
),

smart_plus_ads as (
{{ newest_rows('smart_plus_ads', 'smart_plus_ad_id') }}
),

ad_groups as (
{{ newest_rows('ad_groups', 'adgroup_id') }}
),

campaigns as (
{{ newest_rows('campaigns', 'campaign_id') }}
),

ads_by_id as (

    select
        advertiser_id,
        resolved_ad_id as ad_id
        {%- for column in attributes + ['campaign_system_origin', 'campaign_automation_type'] %},
        {{ only_value(column) }}
        {%- endfor %},
        bool_and(is_deleted) as is_deleted
    from ads
    group by advertiser_id, resolved_ad_id

),

resolved as (

    select
        advertiser_id,
        smart_plus_ad_id as ad_id,
        {{ attributes | join(', ') }},
        null as campaign_system_origin,
        'UPGRADED_SMART_PLUS' as campaign_automation_type,
        is_deleted
    from smart_plus_ads

    union all

    select
        advertiser_id,
        ad_id,
        {{ attributes | join(', ') }},
        campaign_system_origin,
        campaign_automation_type,
        is_deleted
    from ads_by_id
    where not exists (
        select 1
        from smart_plus_ads
        where smart_plus_ads.advertiser_id = ads_by_id.advertiser_id
            and smart_plus_ads.smart_plus_ad_id = ads_by_id.ad_id
    )

),

creatives as (

    select
        advertiser_id,
        resolved_ad_id as ad_id,
        ad_format,
        vertical_video_strategy,
        nullif(tiktok_item_id, '') as tiktok_item_id,
        nullif(video_id, '') as video_id,
        {{ json_list('image_ids') }} as images,
        playable_url,
        coalesce(catalog_id, product_specific_type) as product_selection
    from ads

    union all

    select
        advertiser_id,
        smart_plus_ad_id as ad_id,
        (creative ->> 'ad_format') as ad_format,
        null as vertical_video_strategy,
        nullif((creative ->> 'tiktok_item_id'), '') as tiktok_item_id,
        nullif(((creative -> 'video_info') ->> 'video_id'), '') as video_id,
        {{ json_list("(creative -> 'image_info')") }} as images,
        null as playable_url,
        null as product_selection
    from (
        select
            advertiser_id,
            smart_plus_ad_id,
            (item -> 'creative_info') as creative
        from (
            select advertiser_id, smart_plus_ad_id, unnest({{ json_list('creative_list') }}) as item
            from smart_plus_ads
        ) as items
    ) as smart_plus_creatives

),

images as (

    -- In ads, an image is an ID. In Smart+ ads, it is an object with the ID.
    select
        advertiser_id,
        ad_id,
        coalesce((image ->> 'web_uri'), {{ json_text('image') }}) as image_id
    from (select advertiser_id, ad_id, unnest(images) as image from creatives) as images_of_creatives

),

{% set spark_ads = optional_relation('spark_ads') %}
{% if spark_ads %}
posts as (

    select
        creatives.advertiser_id,
        creatives.ad_id,
        coalesce(
            (spark_ads.video_info ->> 'video_id'),
            ((spark_ads.item_info -> 'video_info') ->> 'video_id')
        ) as video_id,
        {{ json_list("((spark_ads.item_info -> 'carousel_info') -> 'image_info')") }} as images
    from creatives
    inner join {{ spark_ads }} as spark_ads
        on creatives.advertiser_id = spark_ads.advertiser_id
        and creatives.tiktok_item_id = spark_ads.item_id

),
{% endif %}

parts as (

    select advertiser_id, resolved_ad_id as ad_id, 'report_ad_ids' as part, ad_id as part_id from ads
    union all
    select
        advertiser_id,
        ad_id,
        'creative_sources',
        case
            when tiktok_item_id is not null then 'TIKTOK_POST'
            when ad_format = 'LIVE_CONTENT' or vertical_video_strategy = 'LIVE_STREAM' then 'LIVE'
            when ad_format = 'CATALOG_CAROUSEL' or vertical_video_strategy like 'CATALOG_%' then 'CATALOG'
            when video_id is not null or array_length(images, 1) > 0 then 'ASSET_LIBRARY'
            when playable_url <> '' then 'PLAYABLE'
            when product_selection <> '' then 'CATALOG'
        end
    from creatives
    union all
    select advertiser_id, smart_plus_ad_id, 'creative_sources', 'CATALOG'
    from smart_plus_ads
    where (ad_configuration ->> 'catalog_creative_toggle') = 'true'
    union all
    select advertiser_id, smart_plus_ad_id, 'creative_sources', 'PLAYABLE'
    from smart_plus_ads
    where array_length({{ json_list('playable_list') }}, 1) > 0
    union all
    select advertiser_id, ad_id, 'video_ids', video_id from creatives
    union all
    select advertiser_id, ad_id, 'image_ids', image_id from images
    union all
    select advertiser_id, ad_id, 'tiktok_item_ids', tiktok_item_id from creatives
    union all
    select advertiser_id, resolved_ad_id, 'catalog_ids', catalog_id from ads
    union all
    select resolved.advertiser_id, resolved.ad_id, 'catalog_ids', ad_groups.catalog_id
    from resolved
    inner join ad_groups
        on resolved.advertiser_id = ad_groups.advertiser_id
        and resolved.adgroup_id = ad_groups.adgroup_id
    {%- if spark_ads %}
    union all
    select advertiser_id, ad_id, 'video_ids', video_id from posts
    union all
    select advertiser_id, ad_id, 'image_ids', (image ->> 'image_id')
    from (select advertiser_id, ad_id, unnest(images) as image from posts) as images_of_posts
    {%- endif %}

),

part_lists as (

    select
        advertiser_id,
        ad_id
        {%- for list in lists %},
        array_agg(distinct part_id order by part_id) filter (where part = '{{ list }}') as {{ list }}
        {%- endfor %}
    from parts
    where part_id <> ''
    group by advertiser_id, ad_id

),

links as (

    select
        advertiser_id,
        ad_id,
        array_agg(distinct url order by url) filter (where link_type = 'LANDING_PAGE') as landing_page_urls,
        array_agg(distinct url order by url) filter (where link_type = 'DEEPLINK') as deeplinks
        {%- for column in ['url'] + parameters %},
        max(case when link_type = 'LANDING_PAGE' and link_index = 1 then {{ column }} end) as {{ column }}
        {%- endfor %}
    from {{ ref('ad_links') }}
    group by advertiser_id, ad_id

),

delivery as (

    select
        ads.advertiser_id,
        ads.resolved_ad_id as ad_id,
        min(report.date_day) as first_day,
        max(report.date_day) as last_day
    from ads
    inner join {{ ref('stg_ad_report') }} as report
        on ads.advertiser_id = report.advertiser_id
        and ads.ad_id = report.ad_id
    where report.impressions > 0
    group by ads.advertiser_id, ads.resolved_ad_id

)

-- Campaigns and ad groups have the newest names. The ad has names of objects that are missing.
select
    resolved.advertiser_id,
    resolved.ad_id,
    resolved.ad_name,
    coalesce(
        resolved.campaign_system_origin, resolved.campaign_automation_type, campaigns.campaign_automation_type
    ) as ad_source,
    resolved.campaign_id,
    coalesce(campaigns.campaign_name, resolved.campaign_name) as campaign_name,
    resolved.adgroup_id,
    coalesce(ad_groups.adgroup_name, resolved.adgroup_name) as adgroup_name,
    resolved.operation_status,
    resolved.secondary_status,
    resolved.is_deleted
        or coalesce(ad_groups.is_deleted, false)
        or coalesce(campaigns.is_deleted, false) as is_deleted,
    {%- for list in lists %}
    part_lists.{{ list }},
    {%- endfor %}
    links.landing_page_urls,
    links.deeplinks,
    links.url as landing_page_url,
    {%- for name in parameters %}
    links.{{ name }},
    {%- endfor %}
    delivery.first_day,
    delivery.last_day
from resolved
left join campaigns
    on resolved.advertiser_id = campaigns.advertiser_id
    and resolved.campaign_id = campaigns.campaign_id
left join ad_groups
    on resolved.advertiser_id = ad_groups.advertiser_id
    and resolved.adgroup_id = ad_groups.adgroup_id
left join part_lists
    on resolved.advertiser_id = part_lists.advertiser_id
    and resolved.ad_id = part_lists.ad_id
left join links
    on resolved.advertiser_id = links.advertiser_id
    and resolved.ad_id = links.ad_id
left join delivery
    on resolved.advertiser_id = delivery.advertiser_id
    and resolved.ad_id = delivery.ad_id
