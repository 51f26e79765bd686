"""The ground under background work: leases with fencing tokens and the heartbeat table (rule 1)."""
