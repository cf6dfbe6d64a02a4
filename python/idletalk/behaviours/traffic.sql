-- Volumes by device, hour and protocol. Takes device_sides (inventory.sql) and flow_labels (flows.sql).
CREATE TABLE traffic AS
SELECT
    s.device,
    -- a local hour is a sum of whole quarter-hour slots, whatever the zone's offset
    epoch_ns(date_trunc('hour', make_timestamp_ns(s.slot_ns + zone.offset_ns))) - zone.offset_ns AS hour_ns,
    s.network, s.transport,
    CASE WHEN l.flow IS NULL THEN s.application ELSE l.application END AS application,
    CASE WHEN l.flow IS NULL THEN s.recognised_by ELSE l.recognised_by END AS recognised_by,
    sum(tx_packets)::BIGINT AS tx_packets, sum(tx_bytes)::BIGINT AS tx_bytes,
    sum(rx_packets)::BIGINT AS rx_packets, sum(rx_bytes)::BIGINT AS rx_bytes,
    sum(tx_unique_packets)::BIGINT AS tx_unique_packets, sum(tx_unique_bytes)::BIGINT AS tx_unique_bytes,
    sum(rx_unique_packets)::BIGINT AS rx_unique_packets, sum(rx_unique_bytes)::BIGINT AS rx_unique_bytes
FROM device_sides AS s LEFT JOIN flow_labels AS l ON l.flow = s.flow
JOIN zone_offsets AS zone ON s.slot_ns >= zone.from_ns AND s.slot_ns < zone.to_ns
GROUP BY ALL;

COMMENT ON TABLE traffic IS 'What each device sent and received, by hour of local time and protocol.';
COMMENT ON COLUMN traffic.device IS 'Device id';
COMMENT ON COLUMN traffic.hour_ns IS 'Start of the hour, UTC nanoseconds since 1970';
COMMENT ON COLUMN traffic.network IS 'Network layer';
COMMENT ON COLUMN traffic.transport IS 'Transport layer';
COMMENT ON COLUMN traffic.application IS 'Application protocol; null while unknown';
COMMENT ON COLUMN traffic.recognised_by IS 'What told the application: content or port';
COMMENT ON COLUMN traffic.tx_packets IS 'Frames that it sent';
COMMENT ON COLUMN traffic.tx_bytes IS 'Bytes that it sent';
COMMENT ON COLUMN traffic.rx_packets IS 'Frames sent to it';
COMMENT ON COLUMN traffic.rx_bytes IS 'Bytes sent to it';
COMMENT ON COLUMN traffic.tx_unique_packets IS 'Frames that it sent, without those that the capture holds twice';
COMMENT ON COLUMN traffic.tx_unique_bytes IS 'Bytes of those';
COMMENT ON COLUMN traffic.rx_unique_packets IS 'Frames sent to it, without those that the capture holds twice';
COMMENT ON COLUMN traffic.rx_unique_bytes IS 'Bytes of those';
