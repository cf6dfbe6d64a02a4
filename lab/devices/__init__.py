"""The devices of the lab, one program a file; each names its class `DEVICE`."""
