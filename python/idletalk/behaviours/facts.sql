-- What devices say of themselves. Takes facts dhcp, dhcpv6, nbns, mqtt, dns_records, ssdp, http_requests, http_responses, rtsp, sip, wsd, ssh, lldp,
-- the table messages (protocols.sql), device_macs, joined_macs, endpoints, addresses and routers
-- (inventory.sql), lab_macs.

CREATE TABLE device_facts AS
WITH texts AS (
    SELECT source_mac, source, unnest(texts) AS line, min(time_ns) AS time_ns, count(*) AS times FROM dns_records
    WHERE protocol = 'mdns' AND is_response AND kind = 16 AND texts IS NOT NULL GROUP BY source_mac, source, texts
), keys(key, kind) AS (
    -- DNS-SD keys as makers use them (HomeKit and Google Cast md, AirPlay model and srcvers, Bonjour printing ty, usb_MFG and usb_MDL)
    VALUES ('md', 'model'), ('model', 'model'), ('am', 'model'), ('ty', 'model'), ('usb_mdl', 'model'),
        ('fv', 'firmware'), ('fw', 'firmware'), ('firmware', 'firmware'), ('sw_version', 'firmware'), ('srcvers', 'software'),
        ('manufacturer', 'manufacturer'), ('mf', 'manufacturer'), ('usb_mfg', 'manufacturer'), ('osxvers', 'os'),
        ('serialnumber', 'serial'), ('serial', 'serial')
), message_fields(protocol, field, kind) AS (
    -- fields of messages in which a device speaks of itself
    VALUES ('upnp', 'friendlyName', 'name'), ('upnp', 'manufacturer', 'manufacturer'), ('upnp', 'modelName', 'model'),
        ('upnp', 'modelNumber', 'model'), ('upnp', 'serialNumber', 'serial'), ('upnp', 'UDN', 'uuid'),
        ('bacnet', 'object_name', 'name'), ('bacnet', 'vendor', 'manufacturer'), ('bacnet', 'firmware', 'firmware'),
        ('modbus', 'vendor', 'manufacturer'), ('modbus', 'product_code', 'model'), ('modbus', 'firmware', 'firmware'),
        ('amqp', 'product', 'software'), ('amqp', 'version', 'software'), ('matter', 'name', 'name'), ('cs2-p2p', 'uid', 'serial')
), told AS (
    SELECT source_mac AS mac, source AS address, 'software' AS kind, vendor_class AS value, 'dhcp vendor class' AS told_by, time_ns
    FROM dhcp WHERE NOT is_reply
    UNION ALL
    SELECT source_mac, source, 'software', user_class, 'dhcp user class', time_ns FROM dhcp WHERE NOT is_reply
    UNION ALL
    -- systems differ in what they ask for, and in which order
    SELECT source_mac, source, 'fingerprint', array_to_string(parameter_list, ','), 'dhcp option 55', time_ns FROM dhcp WHERE NOT is_reply
    UNION ALL
    SELECT source_mac, source, 'name', rtrim(fqdn, '.'), 'dhcp fqdn', time_ns FROM dhcp WHERE NOT is_reply
    UNION ALL
    SELECT source_mac, source, kind, value, 'dhcpv6', time_ns FROM (
        SELECT source_mac, source, rtrim(fqdn, '.') AS name, vendor_class AS software, time_ns FROM dhcpv6 WHERE source_port = 546
    ) UNPIVOT (value FOR kind IN (name, software))
    UNION ALL
    -- registrations and refreshes of a node's own name (RFC 1002 4.2.2, 4.2.4)
    SELECT source_mac, source, 'name', name, 'nbns', time_ns FROM nbns
    WHERE NOT is_response AND opcode IN (5, 8) AND suffix = 0 AND address = source
    UNION ALL
    SELECT source_mac, source, 'client id', client_id, 'mqtt', time_ns FROM mqtt WHERE packet_type = 'connect'
    UNION ALL
    SELECT source_mac, source, 'software', coalesce(server, user_agent), 'rtsp', time_ns FROM rtsp
    UNION ALL
    SELECT source_mac, source, 'software', coalesce(user_agent, server), 'sip', time_ns FROM sip
    UNION ALL
    SELECT source_mac, source, 'software', banner, 'ssh', time_ns FROM ssh
    UNION ALL
    SELECT source_mac, source, 'model', nullif(url_decode(regexp_extract(scopes, 'onvif://www\.onvif\.org/hardware/(\S+)', 1)), ''),
        'wsd', time_ns FROM wsd
    UNION ALL
    SELECT source_mac, source, kind, value, 'lldp', time_ns FROM (
        SELECT source_mac, source, system_name AS name, system_description AS software, model, manufacturer, firmware,
            serial_number AS serial, time_ns FROM lldp
    ) UNPIVOT (value FOR kind IN (name, software, model, manufacturer, firmware, serial))
    UNION ALL
    SELECT source_mac, source, 'model', summary ->> '$.model', protocol, time_ns FROM messages
    -- a BACnet router passes on what devices of other networks say
    WHERE summary ->> '$.from_network' IS NULL
    UNION ALL
    SELECT source_mac, source, 'firmware', coalesce(summary ->> '$.sw_ver', summary ->> '$.SoftwareVersion'), protocol, time_ns
    FROM messages
    UNION ALL
    SELECT m.source_mac, m.source, f.kind, m.summary ->> ('$.' || f.field), m.protocol || ' ' || f.field, m.time_ns
    FROM messages AS m JOIN message_fields AS f USING (protocol)
    WHERE m.summary ->> '$.from_network' IS NULL
), said AS (
    SELECT *, 1 AS times FROM told
    UNION ALL
    -- what is said with every message is counted before anything else is asked of it
    SELECT source_mac, source, k.kind, substr(line, strpos(line, '=') + 1), 'mdns ' || k.key, time_ns, times
    FROM texts JOIN keys AS k ON k.key = lower(split_part(line, '=', 1))
    UNION ALL
    SELECT source_mac, source, 'software', server, 'ssdp server', min(time_ns), count(*) FROM ssdp WHERE kind <> 'search'
    GROUP BY source_mac, source, server
    UNION ALL
    SELECT source_mac, source, 'software', user_agent, 'http user agent', min(time_ns), count(*) FROM http_requests
    GROUP BY source_mac, source, user_agent
), own AS (
    -- behind a router's MAC are others
    SELECT device, said.* EXCLUDE (mac, address) FROM said JOIN endpoints ON endpoint = endpoint(mac, address)
    WHERE endpoint NOT IN (SELECT mac FROM routers)
    UNION ALL
    -- why several MACs are one device
    SELECT m.device, 'mac', mac, CASE WHEN l.mac IS NULL THEN j.told_by ELSE 'lab file' END, coalesce(j.time_ns, s.first_ns), 1
    FROM device_macs AS m LEFT JOIN lab_macs AS l USING (mac) LEFT JOIN joined_macs AS j USING (mac)
    JOIN (SELECT mac, min(first_ns) AS first_ns FROM sides GROUP BY mac) AS s USING (mac)
    WHERE m.device IN (SELECT device FROM device_macs GROUP BY device HAVING count(*) > 1) AND (l.mac IS NOT NULL OR j.mac IS NOT NULL)
    UNION ALL
    -- and why what an address sent without a MAC is the device's
    SELECT device, 'address', address, 'conversation seen with and without a MAC', first_ns, 1
    FROM addresses SEMI JOIN device_macs USING (device) WHERE mac IS NULL
)
SELECT device, kind, value AS told, told_by, min(time_ns) AS first_ns, sum(times)::BIGINT AS times
FROM own WHERE value IS NOT NULL AND trim(value) <> '' GROUP BY ALL;

COMMENT ON TABLE device_facts IS 'What a device says about itself, and the record that told it.';
COMMENT ON COLUMN device_facts.device IS 'Device id';
COMMENT ON COLUMN device_facts.kind IS 'name, model, firmware, manufacturer, os, software, serial, uuid, client id, fingerprint (DHCP options asked for, in order), mac (another MAC of it, and what joined them), or address (seen without a MAC elsewhere, and what joined it)';
COMMENT ON COLUMN device_facts.told IS 'As it was sent';
COMMENT ON COLUMN device_facts.told_by IS 'Protocol and field that told it';
COMMENT ON COLUMN device_facts.first_ns IS 'First time told, UTC nanoseconds since 1970';
COMMENT ON COLUMN device_facts.times IS 'How often';

-- Protocols that nobody knows, by the shape of their messages: the same shape is the same unknown protocol.
CREATE TABLE unknown_shapes AS
WITH pieces AS (
    SELECT p.flow, p.carrier, f.responder_port AS port, p.source = f.originator AS is_asked, p.time_ns, p.times,
        octet_length(p.content) AS length, hex(p.content[1:4]) AS head
    FROM payloads AS p JOIN flows AS f USING (flow)
    WHERE f.application IS NULL AND p.carrier IN ('tcp', 'udp') AND (p.carrier = 'udp' OR p.stream_offset = 0)
), shaped AS (
    SELECT flow, carrier, min(port) AS port, is_asked, min(time_ns) AS first_ns, sum(times)::BIGINT AS messages,
        min(length) AS low, max(length) AS high,
        -- as many of the first four bytes as all messages have in common
        CASE WHEN min(head) = max(head) THEN min(head)
             WHEN min(left(head, 4)) = max(left(head, 4)) THEN min(left(head, 4))
             WHEN min(left(head, 2)) = max(left(head, 2)) THEN min(left(head, 2)) ELSE '' END AS head
    FROM pieces GROUP BY flow, carrier, is_asked
)
SELECT
    carrier || CASE WHEN port < 49152 THEN '/' || port ELSE '/dynamic' END
        || CASE WHEN is_asked THEN ' asks ' ELSE ' answers ' END
        || CASE head WHEN '' THEN 'any' ELSE lower(head) END
        || CASE WHEN low = high THEN ' of ' || low ELSE ' of any length' END AS shape,
    carrier, CASE WHEN port < 49152 THEN port END AS port, is_asked, lower(nullif(head, '')) AS first_bytes,
    CASE WHEN low = high THEN low END AS length,
    count(*) AS flows, sum(messages)::BIGINT AS messages, min(first_ns) AS first_ns, list(flow ORDER BY first_ns, flow)[:100] AS some_flows
FROM shaped GROUP BY ALL;

COMMENT ON TABLE unknown_shapes IS 'Protocols that nobody knows, by the shape of what one side sends: the same shape is the same unknown protocol.';
COMMENT ON COLUMN unknown_shapes.shape IS 'The label: carrier, responder''s port (dynamic from 49152 on, RFC 6335), side, common first bytes, length where constant';
COMMENT ON COLUMN unknown_shapes.carrier IS 'tcp or udp';
COMMENT ON COLUMN unknown_shapes.port IS 'Responder''s port; null where it is dynamic';
COMMENT ON COLUMN unknown_shapes.is_asked IS 'What the originator sends; false: what the responder sends';
COMMENT ON COLUMN unknown_shapes.first_bytes IS 'Up to four first bytes that all messages have, in hexadecimal digits';
COMMENT ON COLUMN unknown_shapes.length IS 'Bytes of a message, where all have the same';
COMMENT ON COLUMN unknown_shapes.flows IS 'Flows in which this side looks so';
COMMENT ON COLUMN unknown_shapes.messages IS 'Messages, as far as payloads has them';
COMMENT ON COLUMN unknown_shapes.first_ns IS 'First time, UTC nanoseconds since 1970';
COMMENT ON COLUMN unknown_shapes.some_flows IS 'The first hundred of these flows';
