"""What is measured, where it is exported to and whom it alerts."""

from __future__ import annotations

from typing import ClassVar

from synfinance_settings.model.forms import Boolean, Seconds, SecretUrl, Text, Whole
from synfinance_settings.model.resource import File, Server
from synfinance_settings.model.section import Section, setting


class MonitoringConfig(Section):
    """What is measured, where it is exported to and whom it alerts."""

    enabled: Boolean = setting(True)
    """Collect metrics."""
    prometheus_enabled: Boolean = setting(True, restart=True)
    """Serve metrics to Prometheus."""
    prometheus_port: Whole = setting(9090, ge=1024, le=65535, restart=True)
    """TCP port of the metrics."""
    grafana_enabled: Boolean = setting(True)
    """Provision Grafana dashboards."""
    grafana_port: Whole = setting(3000, ge=1024, le=65535)
    """TCP port of Grafana."""
    export_interval: Seconds = setting(60, ge=1)
    """How often metrics are exported."""
    retention_days: Whole = setting(30, unit="days", ge=1, le=365)
    """How long metrics are kept."""
    alerting_enabled: Boolean = setting(True)
    """Send alerts."""
    alert_webhook: SecretUrl | None = setting(None)
    """URL that alerts are posted to; it carries a token, so a secret."""
    log_metrics: Boolean = setting(True)
    """Write metrics to a file as well."""
    metrics_file: Text = setting("logs/metrics.log")
    """File that metrics are written to."""

    RESOURCES: ClassVar = (
        Server("http", url="alert_webhook", when={"alerting_enabled": True}),
        File("metrics_file", "write", when={"log_metrics": True}),
    )
