select
    {{ id_number('advertiser_id') }} as id,
    name,
    address,
    {{ cast_column('balance', double_type()) }},
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
    {{ cast_column('null', dbt.type_string(), 'phone_number') }},
    {{ cast_column('null', dbt.type_string(), 'telephone') }},
    telephone_number,
    timezone
from {{ source('tap_tiktok_ads', 'advertisers') }}
