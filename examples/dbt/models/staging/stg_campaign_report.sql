{{ config(unique_key=['advertiser_id', 'campaign_id', 'date_day']) }}
{{ daily_report('campaign_performance_report', 'campaign_id') }}
