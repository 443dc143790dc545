"""Parsing and writing that records and genomes share."""
