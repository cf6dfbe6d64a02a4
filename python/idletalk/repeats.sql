-- What a capture has cut says nothing of its own where another has it whole (duplicates are known within a tenth of a second).
-- A row's first sighting may be another's beginning while its later ones are messages: of its times only what was cut is taken.
CREATE VIEW heard AS
WITH again AS (
    FROM payloads WHERE is_repeated
), early AS (
    FROM payloads WHERE NOT is_repeated AND flow IN (SELECT flow FROM again)
), judged AS MATERIALIZED (
    SELECT *, EXISTS (
        FROM early AS whole WHERE whole.flow = again.flow AND whole.carrier = again.carrier AND whole.source = again.source
            AND whole.time_ns BETWEEN again.time_ns - 100_000_000 AND again.time_ns + 100_000_000
            AND starts_with(hex(whole.content), hex(again.content))) AS is_cut
    FROM again
), late AS (
    FROM judged WHERE NOT is_cut
), shortened AS (
    -- where the capture that cuts was first, what is whole is the repetition
    SELECT *, (SELECT count(*) FROM late WHERE late.flow = early.flow AND late.carrier = early.carrier AND late.source = early.source
        AND late.time_ns BETWEEN early.time_ns - 100_000_000 AND early.last_ns + 100_000_000
        AND octet_length(late.content) > octet_length(early.content)
        AND starts_with(hex(late.content), hex(early.content))) AS cut
    FROM early
)
FROM payloads WHERE NOT is_repeated AND flow NOT IN (SELECT flow FROM again)
UNION ALL
SELECT * EXCLUDE (cut) REPLACE ((times - cut)::UBIGINT AS times) FROM shortened WHERE times > cut
UNION ALL
SELECT * EXCLUDE (is_cut) REPLACE ((times - is_cut::UBIGINT)::UBIGINT AS times) FROM judged WHERE times > is_cut::UBIGINT;
