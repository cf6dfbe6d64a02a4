"""Conclusions: what a reader wants to know first, from the judged devices and findings."""
