-- Who makes the network interface.
-- Takes the name of a table or view with a column mac VARCHAR (lower case, colons).
-- Gives one row for each row of it:
--   mac
--   vendor                 holder of the longest registered prefix (MA-S /36, then MA-M /28, then MA-L /24);
--                          NULL: not registered, a group address, or made up by the device
--   prefix_bits            length of that prefix
--   locally_administered   the U/L bit is set (IEEE 802, 8.2.2): the address was chosen by software, as
--                          randomised Wi-Fi addresses are; a vendor then would be chance, so none is given.
--                          NULL: no MAC
CREATE OR REPLACE MACRO lookup_macs(macs) AS TABLE
WITH
asked AS MATERIALIZED (
    SELECT mac, try_cast('0x' || replace(mac, ':', '') AS BIGINT) AS bits
    FROM (SELECT DISTINCT mac FROM query_table(macs))
    WHERE regexp_full_match(mac, '([0-9a-f]{2}:){5}[0-9a-f]{2}')
),
flagged AS MATERIALIZED (
    SELECT mac, bits, (bits >> 41) & 1 = 1 AS locally_administered, (bits >> 40) & 1 = 1 AS is_group FROM asked
),
prefixes AS (
    SELECT mac, b.prefix_bits, (bits >> (48 - b.prefix_bits)) << (48 - b.prefix_bits) AS prefix
    FROM flagged, (VALUES (24::UTINYINT), (28::UTINYINT), (36::UTINYINT)) AS b (prefix_bits)
    WHERE NOT locally_administered AND NOT is_group
),
found AS (
    SELECT mac, max(prefix_bits) AS prefix_bits, arg_max(vendor, prefix_bits) AS vendor
    FROM prefixes JOIN lookup_oui USING (prefix, prefix_bits)
    GROUP BY mac
)
SELECT m.mac, found.vendor, found.prefix_bits, flagged.locally_administered
FROM query_table(macs) AS m
LEFT JOIN flagged USING (mac)
LEFT JOIN found USING (mac)
