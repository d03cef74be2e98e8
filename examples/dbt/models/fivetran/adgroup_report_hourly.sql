{{ fivetran_hourly_report('ad_group_performance_report', 'adgroup_id') }}
