"""Reloads as Prometheus metrics; needs the extra ``[metrics]`` (prometheus_client).

    synfinance_settings_reloads_total{result}                       reloads that were tried: success, unchanged, failure
    synfinance_settings_last_reload_successful                      1, or 0 as long as `last_failure` is set
    synfinance_settings_last_reload_success_timestamp_seconds       when settings were loaded or found unchanged last
    synfinance_settings_reload_duration_seconds                     how long a reload took, as a histogram
    synfinance_settings_info{environment, fingerprint}              1, for the settings in force
    synfinance_settings_remote_revision                             the revision of the shared store that is in force;
                                                                    only where the settings come from one

They begin as the variables of the application do: where its prefix is ``SHOP_``, with ``shop_settings_``. The names
follow those that Prometheus gives its own reloads (``prometheus_config_last_reload_successful``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from synfinance_settings.layers.precedence import remote_layer_of
from synfinance_settings.layers.remote_layer import RemoteLayer, finding_in, is_named
from synfinance_settings.layers.snapshot import Snapshot
from synfinance_settings.live.current import Current, ReloadResult
from synfinance_settings.live.manager import ConfigManager

_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)  # seconds; a load takes milliseconds


def install(manager: ConfigManager[Any], registry: CollectorRegistry | None = None) -> None:
    """Measure the reloads of `manager` from now on, in `registry` or the default one; loads the settings at once.

    Raises `SettingsError` where that load fails, and `ValueError` where the registry has these metrics already.
    """
    target = REGISTRY if registry is None else registry
    loaded, current = manager.snapshot, manager.current
    prefix = f"{current.choice.application.prefix.lower()}settings"
    show = _info(target, prefix)
    observe = _observer(target, prefix, loaded.loaded_at.timestamp(), is_good=manager.last_failure is None)
    current.mirror(show)
    current.observe(observe)
    layer = remote_layer_of(current.choice.application)
    if layer is not None and is_named(current.project()):
        _show_revision(target, prefix, current, layer)


def _show_revision(registry: CollectorRegistry, prefix: str, current: Current, layer: RemoteLayer) -> None:
    """Show which revision of the shared store is in force, 0 where what it says has none."""

    def revision() -> int:
        state = current.timeline.current
        finding = finding_in(state.look.found.get(layer.name, ())) if state is not None else None
        return (finding is not None and finding.data is not None and finding.data.revision) or 0

    gauge = Gauge(f"{prefix}_remote_revision", "The revision of the shared store in force.", registry=registry)
    gauge.set_function(revision)


def _info(registry: CollectorRegistry, prefix: str) -> Callable[[Snapshot], None]:
    info = Gauge(f"{prefix}_info", "The settings in force.", ["environment", "fingerprint"], registry=registry)

    def show(snapshot: Snapshot) -> None:
        info.clear()
        info.labels(str(snapshot.environment), snapshot.fingerprint).set(1)

    return show


def _observer(
    registry: CollectorRegistry, prefix: str, loaded_at: float, *, is_good: bool
) -> Callable[[ReloadResult, float], None]:
    """What counts each reload in metrics of `registry`, which it makes."""
    reloads = Counter(f"{prefix}_reloads", "Reloads that were attempted.", ["result"], registry=registry)
    successful = Gauge(f"{prefix}_last_reload_successful", "Whether the last reload succeeded.", registry=registry)
    timestamp = Gauge(
        f"{prefix}_last_reload_success_timestamp_seconds", "When settings validated last.", registry=registry
    )
    duration = Histogram(
        f"{prefix}_reload_duration_seconds", "How long a reload took.", buckets=_BUCKETS, registry=registry
    )
    for result in ("success", "unchanged", "failure"):
        reloads.labels(result)
    successful.set(is_good)
    timestamp.set(loaded_at)

    def observe(result: ReloadResult, seconds: float) -> None:
        reloads.labels(result).inc()
        duration.observe(seconds)
        successful.set(result != "failure")
        if result != "failure":
            timestamp.set_to_current_time()

    return observe
