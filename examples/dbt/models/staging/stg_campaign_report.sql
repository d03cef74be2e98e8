{{ daily_report('campaign_performance_report', 'campaign_id') }}
