"""Readers of what sensors, pumps and wearables export: one module for each maker's format."""
