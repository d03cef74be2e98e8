{{ daily_report('ad_group_performance_report', 'adgroup_id') }}
