"""Parcels: takes orders, asks a carrier for labels, and writes to customers."""
