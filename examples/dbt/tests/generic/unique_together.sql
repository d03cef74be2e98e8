{# Test that a combination of columns is unique. #}
{% test unique_together(model, columns) %}

select {{ columns | join(', ') }}, count(*) as counted
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
