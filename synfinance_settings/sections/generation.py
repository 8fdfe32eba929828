"""What is generated: how much, over which days, with how much fraud."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from synfinance_settings.model.forms import Boolean, Date, Number, Whole
from synfinance_settings.model.section import Contradiction, Section, setting

_SUM_TOLERANCE = 1e-9  # 0.7 + 0.3 is not exactly 1 in binary


class GenerationConfig(Section):
    """What is generated: how much, over which days, with how much fraud."""

    num_customers: Whole = setting(1000, unit="customers", ge=10, le=1_000_000)
    """Customers to generate."""
    num_transactions: Whole = setting(10000, unit="transactions", ge=100, le=10_000_000)
    """Transactions to generate."""
    fraud_rate: Number = setting(0.02, ge=0, le=1)
    """Share of transactions that are fraud."""
    anomaly_rate: Number = setting(0.05, ge=0, le=1)
    """Share of transactions that are anomalies."""
    start_date: Date = setting(date(2024, 1, 1))
    """First day of the generated period."""
    end_date: Date = setting(date(2024, 12, 31))
    """Last day of the generated period."""
    seed: Whole | None = setting(None)
    """Seed of the random numbers; null for a new one each run."""
    parallel: Boolean = setting(True)
    """Generate in several processes."""
    batch_size: Whole = setting(1000, unit="transactions", ge=100, le=100_000)
    """Transactions written at once."""

    CONTRADICTIONS: ClassVar = (
        Contradiction(
            ("anomaly_rate", "fraud_rate"),
            "generation.fraud_rate and generation.anomaly_rate must add up to at most 1",
            lambda section: section.fraud_rate + section.anomaly_rate > 1 + _SUM_TOLERANCE,
        ),
        Contradiction(
            ("end_date", "start_date"),
            "generation.end_date must not be before generation.start_date",
            lambda section: section.end_date < section.start_date,
        ),
    )
