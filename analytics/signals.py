"""What analytics tells those above it."""

from __future__ import annotations

from django.dispatch import Signal

# Devices whose last word on consent is a no to marketing: workspace_id, host_app_id, devices (id → when it was said, ms
# of the edge). Sent by the loader within its transaction, so a receiver's rows change together with the device's; again
# for a device that says no again. A receiver that raises stops the step.
marketing_refused = Signal()
