{{ fivetran_hourly_report('campaign_performance_report', 'campaign_id') }}
