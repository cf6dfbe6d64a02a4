-- Messages as idletalk.protocols read them. Takes vendor_messages.

CREATE TABLE messages AS
SELECT flow, protocol, source_mac, source, destination, capture, frame, time_ns, position, kind, summary, encrypted, encrypted_fields, times
FROM vendor_messages;

COMMENT ON TABLE messages IS 'A message of a protocol that idletalk.protocols reads: a vendor''s own, Modbus, BACnet, AMQP, telnet, XMPP, UPnP. The same content between the same ends is one row.';
COMMENT ON COLUMN messages.flow IS 'Flow id';
COMMENT ON COLUMN messages.protocol IS 'The protocol, as in flows.application; upnp is carried by http';
COMMENT ON COLUMN messages.source_mac IS 'Sender''s MAC';
COMMENT ON COLUMN messages.source IS 'Sender''s IP address';
COMMENT ON COLUMN messages.destination IS 'Receiver''s IP address';
COMMENT ON COLUMN messages.capture IS 'Capture file of the first time';
COMMENT ON COLUMN messages.frame IS 'Frame of the first time';
COMMENT ON COLUMN messages.time_ns IS 'First time, UTC nanoseconds since 1970';
COMMENT ON COLUMN messages.position IS 'Place among the messages of that content, from 0';
COMMENT ON COLUMN messages.kind IS 'What it is, in the protocol''s words';
COMMENT ON COLUMN messages.summary IS 'What can be read of it, as JSON';
COMMENT ON COLUMN messages.encrypted IS 'Parts of it are encrypted';
COMMENT ON COLUMN messages.encrypted_fields IS 'Which parts';
COMMENT ON COLUMN messages.times IS 'How often this content came';
