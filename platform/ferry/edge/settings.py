"""What one edge process runs with; made once from Django's settings, so that tests can make their own."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from django.conf import settings

MAX_CHECKIN_BYTES = 64 * 1024
MAX_BODY_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class EdgeSettings:
    """Rates are for all live edges together; each process takes its share (limits.py)."""

    process_id: int
    edge_url: str
    state_dir: Path
    journal_dir: Path
    blob_dir: Path
    bind: str = "127.0.0.1"
    metrics_port: int = 0  # 0: no listener for metrics
    redis_url: str = ""
    ship_journal: bool = False
    x_accel_prefix: str = ""
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    device_per_s: float = 1.0
    device_burst: float = 30.0
    address_per_s: float = 200.0  # many phones share one address: offices, mobile carriers
    address_burst: float = 4000.0

    @classmethod
    def from_django(cls, *, process_id: int) -> EdgeSettings:
        """The settings of the process with this id."""
        return cls(
            process_id=process_id,
            edge_url=settings.FERRY_EDGE_URL,
            state_dir=Path(settings.FERRY_EDGE_STATE_DIR) / str(process_id),
            journal_dir=Path(settings.FERRY_JOURNAL_DIR),
            blob_dir=Path(settings.FERRY_BLOB_DIR),
            bind=settings.FERRY_BIND,
            metrics_port=settings.FERRY_METRICS_PORT + process_id,
            redis_url=settings.FERRY_REDIS_URL,
            ship_journal=settings.FERRY_SHIP_JOURNAL,
            x_accel_prefix=settings.FERRY_X_ACCEL_PREFIX,
            trusted_proxies=tuple(settings.FERRY_TRUSTED_PROXIES),
        )
