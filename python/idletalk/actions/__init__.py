"""What an action of a user makes a device send: background, repetitions, signatures. Bursts in, answers out; no queries."""
