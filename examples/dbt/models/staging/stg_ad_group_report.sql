{{ config(unique_key=['advertiser_id', 'adgroup_id', 'date_day']) }}
{{ daily_report('ad_group_performance_report', 'adgroup_id') }}
