-- Firmware that devices fetched in clear. Takes images, transfers, transfer_parts (transfers.sql), subjects (inventory.sql).
CREATE TEMP VIEW updates AS
SELECT i.*, t.host, t.uri, t.peer, t.peer_port, t.responses, t.connections, t.user_agent, t.first_ns, t.last_ns
FROM images AS i JOIN transfers AS t USING (device, transfer)
-- where much is missing, what the target says is no proof of what came
WHERE i.is_firmware AND (i.is_complete OR i.format IS NOT NULL) AND i.device IN (FROM subjects);
