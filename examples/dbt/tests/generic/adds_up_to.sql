{# Test that two models have equal spend by advertiser and day. The tolerance is the rounding of each row
   to cents. Only days that are final in both models are compared, because TikTok updates its reports at
   different speeds. #}
{% test adds_up_to(model, to) %}

with ours as (

    select
        advertiser_id,
        date_day,
        sum(spend) as spend,
        count(*) as counted,
        min(case when is_final then 1 else 0 end) as is_final
    from {{ model }}
    group by advertiser_id, date_day

),

theirs as (

    select
        advertiser_id,
        date_day,
        sum(spend) as spend,
        count(*) as counted,
        min(case when is_final then 1 else 0 end) as is_final
    from {{ to }}
    group by advertiser_id, date_day

)

select
    coalesce(ours.advertiser_id, theirs.advertiser_id) as advertiser_id,
    coalesce(ours.date_day, theirs.date_day) as date_day,
    ours.spend as ours,
    theirs.spend as theirs
from ours
full outer join theirs
    on ours.advertiser_id = theirs.advertiser_id
    and ours.date_day = theirs.date_day
where
    abs(coalesce(ours.spend, 0) - coalesce(theirs.spend, 0))
        > 0.005 * (coalesce(ours.counted, 0) + coalesce(theirs.counted, 0))
    and coalesce(ours.is_final, 1) = 1
    and coalesce(theirs.is_final, 1) = 1

{% endtest %}
