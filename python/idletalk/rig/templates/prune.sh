#!/bin/sh
# Deletes the oldest captures beyond the budget; never the newest, which is being written.
set -eu
cd "$${IDLETALK_FOLDER:-$folder}"
budget_kb="$${IDLETALK_KEEP_KB:-$keep_kb}"
days="$${IDLETALK_KEEP_DAYS:-$keep_days}"
newest=$$(ls -1 -- *.pcap 2>/dev/null | tail -n 1)
if [ "$$days" -gt 0 ]; then
    find . -maxdepth 1 -name '*.pcap' ! -name "$$newest" -mtime "+$$days" -delete
fi
while [ "$$(du -sk . | cut -f 1)" -gt "$$budget_kb" ]; do
    oldest=$$(ls -1 -- *.pcap 2>/dev/null | head -n 1)
    if [ -z "$$oldest" ] || [ "$$oldest" = "$$newest" ]; then
        exit 0
    fi
    rm -- "$$oldest"
done
