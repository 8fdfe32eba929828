"""The fraud models: where they are, when they fire, what they are fed."""

from __future__ import annotations

from typing import ClassVar

from synfinance_settings.model.forms import Boolean, Number, Seconds, Text, Whole
from synfinance_settings.model.resource import Folder
from synfinance_settings.model.section import Section, setting


class FeatureEngineeringConfig(Section):
    """The features that are computed from raw transactions."""

    enabled: Boolean = setting(True)
    """Compute features."""
    fraud_features: Boolean = setting(True)
    """Compute the fraud features."""
    anomaly_features: Boolean = setting(True)
    """Compute the anomaly features."""
    interaction_features: Boolean = setting(True)
    """Compute products of features."""
    total_features: Whole = setting(69, unit="features", ge=1)
    """Features a model expects."""


class MLConfig(Section):
    """The fraud models: where they are, when they fire, what they are fed."""

    model_path: Text = setting("models/")
    """Folder of the trained models."""
    fraud_threshold: Number = setting(0.5, ge=0, le=1)
    """Score from which a transaction counts as fraud."""
    anomaly_threshold: Number = setting(0.8, ge=0, le=1)
    """Score from which a transaction counts as an anomaly."""
    batch_size: Whole = setting(100, unit="transactions", ge=1, le=10_000)
    """Transactions scored at once."""
    enable_gpu: Boolean = setting(False, restart=True)
    """Score on a GPU."""
    num_threads: Whole = setting(4, unit="threads", ge=1, le=32, restart=True)
    """Threads that score."""
    cache_predictions: Boolean = setting(True)
    """Keep scores in the cache."""
    model_refresh_interval: Seconds = setting(3600, ge=60)
    """How often models are read again."""
    feature_engineering: FeatureEngineeringConfig = FeatureEngineeringConfig()

    RESOURCES: ClassVar = (Folder("model_path", "read"),)
