select
    {{ id_number('advertiser_id') }} as id,
    name,
    address,
    cast(balance as {{ double_type() }}) as balance,
    cellphone_number,
    company,
    contacter,
    country,
    currency,
    description,
    email,
    industry,
    language,
    -- Columns of API v1.2. The package prefers cellphone_number and telephone_number.
    cast(null as {{ dbt.type_string() }}) as phone_number,
    cast(null as {{ dbt.type_string() }}) as telephone,
    telephone_number,
    timezone
from {{ source('tap_tiktok_ads', 'advertisers') }}
