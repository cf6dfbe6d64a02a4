"""The capture box: configurations of a bridged access point that records everything, what is wrong with one, and notes."""
