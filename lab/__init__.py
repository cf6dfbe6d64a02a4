"""A whole IoT testbed in network namespaces on one machine: see README.md beside this file."""
