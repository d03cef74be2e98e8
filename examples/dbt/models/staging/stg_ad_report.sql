{{ config(unique_key=['advertiser_id', 'ad_id', 'date_day']) }}
{{ daily_report('ad_performance_report', 'ad_id') }}
