"""The view: app key, device token, limits, validation, the same decision, the same answer as objects, metrics."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import msgspec
from prometheus_client import Counter, Histogram
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from bench._published import DEVICE_SECRET, Handmade
from bench.drf_baseline.serializers import CheckInSerializer
from ferry.edge.tokens import DeviceKeys, DeviceToken
from ferry.kernel.limits import Limiter
from ferry.kernel.targeting import Context
from miniapps.offers import compile_program
from miniapps.snapshot_load import update_entry

PUBLISHED = Handmade.of()
SETS = {sha: frozenset(body.decode().split("\n")) for sha, body in PUBLISHED.stored.items()}
PROGRAMS = {
    body["id"]: (body, compile_program(body, segments={}, sets=SETS))
    for name, body in PUBLISHED.bodies.items()
    if name.startswith("program:")
}
APP = PUBLISHED.bodies["app:"]
KEYS = DeviceKeys(DEVICE_SECRET, APP["app_key"])
DEVICES, APPS = Limiter(1e6, 1e6), Limiter(1e6, 1e6)
EDGE_URL = "http://127.0.0.1:8001"
OBSERVED: list[bytes] = []
ANSWERED = Counter("checkins", "Answered check-ins.", ["route", "status"])
TOOK = Histogram("checkin_seconds", "Time to the answer.", ["route"])


class DeviceAuthentication(BaseAuthentication):
    """The host app by its key, the device by its token: no query for either."""

    def authenticate(self, request: Request) -> tuple[DeviceToken, str]:
        if request.headers.get("X-App-Key") != APP["app_key"]:
            raise AuthenticationFailed("app_key_unknown")
        token = KEYS.read(request.headers.get("Authorization", "").removeprefix("Device ").encode())
        if token is None:
            raise AuthenticationFailed("device_token_invalid")
        return token, APP["app_key"]


class DeviceThrottle(BaseThrottle):
    """The edge's own limiters, asked where DRF asks them."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        ticks = time.monotonic()
        return not (DEVICES.allow(request.user.device_id, ticks) or APPS.allow("", ticks))


class CheckInView(APIView):
    """POST /v1/checkin, each check where DRF has its place for it.

    In its favour: no middleware, one host app in memory, and observations go to a list instead of a journal.
    """

    authentication_classes = [DeviceAuthentication]
    permission_classes: list[Any] = []
    throttle_classes = [DeviceThrottle]

    def post(self, request: Request) -> Response:
        ticks, token = time.monotonic(), request.user
        serializer = CheckInSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        said = serializer.validated_data
        if token.device_id != said["device"]["id"]:
            raise AuthenticationFailed("device_token_invalid")
        now = time.time()
        context = Context(
            now=now,
            device_id=token.device_id,
            user_id=token.user or said["user"] or "",
            verified_device=True,
            verified_user=token.user is not None,
            remote_address=request.META["REMOTE_ADDR"],
            properties={**said["attributes"], **said["device"], "appName": APP["name"]},
        )
        updates, arms, terms = [], [], []
        for installed in said["installed"]:
            body, offers = PROGRAMS[installed["id"]]
            gives = offers.decide(context, installed["code"])
            if gives is None:
                continue
            arms.append([body["id"], gives.release_id, gives.code])
            entry = gives.entry
            if gives.code != installed["code"]:
                updates.append(_update(body["id"], entry, installed["code"]))
            elif "terms" in entry and entry["terms"]["serial"] > installed["terms"]:
                newer = {name: entry[name] for name in ("terms", "terms_signature")}
                terms.append({"id": body["id"], "code": gives.code, **newer})
        OBSERVED[:] = [msgspec.json.encode([said, arms])]
        state = blake2b(msgspec.json.encode([said, token.user]), digest_size=12).hexdigest()
        ANSWERED.labels("checkin", 200).inc()
        TOOK.labels("checkin").observe(time.monotonic() - ticks)
        return Response(
            {
                "state": f"s.{state}",
                "server_time": datetime.fromtimestamp(now, UTC).isoformat(),
                "next_check_after": 1800,
                "updates": updates,
                "withdrawn": [],
                "unavailable": [],
                "terms": terms,
                "switches": {},
            }
        )


def _update(program_id: str, entry: dict[str, Any], installed: int) -> dict[str, Any]:
    """One release as the check-in tells it, with the delta from what the device has."""
    update, version = update_entry(program_id, entry, EDGE_URL), entry["version"]
    for delta in entry.get("deltas", ()):
        if delta["code"] == installed:
            url = f"{EDGE_URL}/deltas/{delta['from']}-{version['sha256']}"
            update["delta"] = {"from": delta["from"], "url": url, "size": delta["size"]}
    return update
