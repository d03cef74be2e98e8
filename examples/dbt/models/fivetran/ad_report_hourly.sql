{{ fivetran_hourly_report('ad_performance_report', 'ad_id') }}
