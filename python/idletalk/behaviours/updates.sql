-- Firmware that devices fetched in clear. Takes images, transfers, transfer_parts (transfers.sql), subjects (inventory.sql).
CREATE VIEW updates AS
SELECT i.*, t.host, t.uri, t.peer, t.peer_port, t.responses, t.connections, t.user_agent, t.is_sent, t.protocol, t.asked_ns, t.first_ns, t.last_ns
FROM images AS i JOIN transfers AS t USING (device, transfer)
-- where much is missing, what the target says is no proof of what came
WHERE i.is_firmware AND (i.is_complete OR i.format IS NOT NULL) AND i.device IN (FROM subjects);

-- What came before and after each of them, filled by update_steps.py.
CREATE TABLE update_steps (
    device VARCHAR, transfer VARCHAR, step VARCHAR, time_ns BIGINT, peer VARCHAR, told VARCHAR, capture BIGINT, frame BIGINT);
CREATE TABLE update_versions (
    device VARCHAR, transfer VARCHAR, name VARCHAR, before VARCHAR, after VARCHAR, after_ns BIGINT);

COMMENT ON TABLE update_steps IS 'What came before and after a device fetched firmware, as far as it was seen.';
COMMENT ON COLUMN update_steps.device IS 'Device id';
COMMENT ON COLUMN update_steps.transfer IS 'Transfer of the image (see transfers)';
COMMENT ON COLUMN update_steps.step IS 'told where (a message to the device names the image), told a hash that fits (or does not; in such a message), asked for an update, packet from the LAN, packet on an open connection (each in the ten seconds before the device began), restart';
COMMENT ON COLUMN update_steps.time_ns IS 'When, UTC nanoseconds since 1970';
COMMENT ON COLUMN update_steps.peer IS 'Address of who sent or was asked; null: nobody in particular';
COMMENT ON COLUMN update_steps.told IS 'Carrier and subject of a message, request, service, or what tells the restart';
COMMENT ON COLUMN update_steps.capture IS 'Capture file';
COMMENT ON COLUMN update_steps.frame IS 'Frame, as Wireshark numbers it in that file; of a packet in a burst, the one that begins the burst';
COMMENT ON TABLE update_versions IS 'Versions that a device told of itself before and after it fetched firmware.';
COMMENT ON COLUMN update_versions.device IS 'Device id';
COMMENT ON COLUMN update_versions.transfer IS 'Transfer of the image (see transfers)';
COMMENT ON COLUMN update_versions.name IS 'What told it: carrier and key';
COMMENT ON COLUMN update_versions.before IS 'Last value before; null: it was not told before';
COMMENT ON COLUMN update_versions.after IS 'First other value after; null: none was told';
COMMENT ON COLUMN update_versions.after_ns IS 'When that was told first, UTC nanoseconds since 1970';
