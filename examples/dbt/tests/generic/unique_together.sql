{# Whether columns are a key together. #}
{% test unique_together(model, columns) %}

select {{ columns | join(', ') }}, count(*) as counted
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
