-- What the look-ups know of hosts.
-- Takes the name of a table or view with columns (address VARCHAR, key UBIGINT); see keys.py for the key.
-- Gives one row for each row of it. NULL is unknown, always.
--   asn                AS number that announces the address
--   organisation       who holds the AS number
--   asn_country        where the AS number is registered: not where the host is
--   country            where the host is, says country_source
--   country_source     name of the source that was believed (the first that answers; see Lookups.sources)
--   country_disagrees  whether another source names another country; NULL where only one answers
--   countries_told     what each source says, in order: 'DB-IP Country Lite: IE, IPFire Location: US'
--   provider           cloud, CDN or hosting provider whose network it is
--   provider_kind      cloud | cdn | hosting
--   anycast            true: the address is served from many places at once, so the country is no place
CREATE OR REPLACE MACRO lookup_hosts(hosts) AS TABLE
WITH
asked AS MATERIALIZED (SELECT DISTINCT key FROM query_table(hosts)),
own AS MATERIALIZED (
    SELECT a.key, n.* EXCLUDE (first_key, last_key)
    FROM asked AS a ASOF JOIN lookup_networks AS n ON a.key >= n.first_key
    WHERE a.key <= n.last_key
),
asns AS (
    SELECT key, arg_min(asn, rank) AS asn
    FROM (SELECT key, rank, asn FROM lookup_asn(hosts) UNION ALL SELECT key, 0, asn FROM own WHERE asn IS NOT NULL)
    GROUP BY key
),
names AS (
    SELECT asn, arg_min(organisation, rank) AS organisation, arg_min(country, rank) AS asn_country
    FROM lookup_names SEMI JOIN asns USING (asn)
    GROUP BY asn
),
told AS (
    SELECT key, rank, source, country FROM lookup_country(hosts)
    UNION ALL
    SELECT key, 0, 'networks.tsv', country FROM own WHERE country IS NOT NULL
),
countries AS (
    SELECT
        key,
        arg_min(country, rank) AS country,
        arg_min(source, rank) AS country_source,
        CASE WHEN count(*) > 1 THEN min(country) <> max(country) END AS country_disagrees,
        string_agg(source || ': ' || country, ', ' ORDER BY rank) AS countries_told
    FROM told
    GROUP BY key
),
ranged AS (
    SELECT a.key, c.provider, c.provider_kind, c.anycast
    FROM asked AS a ASOF JOIN lookup_cloud_networks AS c ON a.key >= c.first_key
    WHERE a.key <= c.last_key
)
SELECT
    h.address,
    asns.asn,
    coalesce(own.organisation, names.organisation) AS organisation,
    names.asn_country,
    countries.country,
    countries.country_source,
    countries.country_disagrees,
    countries.countries_told,
    coalesce(own.provider, ranged.provider, cloud.provider) AS provider,
    coalesce(own.provider_kind, ranged.provider_kind, cloud.provider_kind) AS provider_kind,
    coalesce(own.anycast, ranged.anycast, cloud.anycast) AS anycast
FROM query_table(hosts) AS h
LEFT JOIN own ON own.key = h.key
LEFT JOIN asns ON asns.key = h.key
LEFT JOIN names ON names.asn = asns.asn
LEFT JOIN countries ON countries.key = h.key
LEFT JOIN ranged ON ranged.key = h.key
LEFT JOIN lookup_cloud_asns AS cloud ON cloud.asn = asns.asn
