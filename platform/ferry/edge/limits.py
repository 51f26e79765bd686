"""How often devices and apps may ask. In memory, per process; each live edge takes its share of every limit."""

from __future__ import annotations

from ferry.edge import answers
from ferry.edge.settings import EdgeSettings
from ferry.edge.snapshot.hostapp import AppPart
from ferry.kernel.errors import RateLimited
from ferry.kernel.limits import Limiter


class EdgeLimits:
    """One limiter for addresses, one for devices, one for each host app. Called on the event loop only."""

    def __init__(self, settings: EdgeSettings) -> None:
        self.processes = 1
        self.refused = 0
        self._devices = Limiter(settings.device_per_s, settings.device_burst)
        self._addresses = Limiter(settings.address_per_s, settings.address_burst)
        self._apps: dict[str, Limiter] = {}

    def divide(self, processes: int) -> None:
        """Take one share among `processes` live edges."""
        self.processes = max(1, processes)
        for limiter in (self._devices, self._addresses, *self._apps.values()):
            limiter.divide(self.processes)

    def pass_checkin(self, app: AppPart, device: str, address: str, now: float) -> None:
        """Count a check-in. `device` is empty when it is not verified. Raises RateLimited.

        A verified device is counted by itself, so that an office behind one address is not one client; a mere claim
        of an id would let anybody use up another device's share, so it counts for its address.
        """
        wait = self._devices.allow(device, now) if device else self._addresses.allow(address, now)
        self._refuse(wait or self._app(app).allow("", now))

    def pass_address(self, address: str, now: float) -> None:
        """Count any other request that a stranger can make. Raises RateLimited."""
        self._refuse(self._addresses.allow(address, now))

    def _app(self, app: AppPart) -> Limiter:
        rate = app.limits.get("checkins_per_second", 0.0) or 1e9
        limiter = self._apps.get(app.app_key)
        if limiter is None or limiter.rate_per_s != rate:
            limiter = self._apps[app.app_key] = Limiter(rate, max(1.0, 2 * rate), max_keys=2)
            limiter.divide(self.processes)
        return limiter

    def _refuse(self, wait: float) -> None:
        if wait:
            self.refused += 1
            raise RateLimited(retry_after=answers.whole_seconds(wait))
