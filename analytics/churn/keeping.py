"""A trained model as bytes, and back. A pickle runs code when it is opened, so only our own are ever opened.

The seal is an HMAC under a key derived from the master secret, over the bytes and the row that they belong to: what
somebody writes into the database, or moves there from another host app's row, does not open.
"""

from __future__ import annotations

import hashlib
import hmac
import pickle
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from analytics.churn.errors import ModelUnusable
from ferry.kernel import secrets

if TYPE_CHECKING:
    from analytics.churn.models import ChurnModel
    from analytics.churn.training import Trained

_PURPOSE = "analytics.churn.model"
_FORMAT = 1  # raise it when what a pickle holds changes: older ones are then trained anew


def library() -> str:
    """What wrote the pickle; another version must not read it (scikit-learn gives no promise across versions)."""
    import sklearn

    return f"{_FORMAT}/{sklearn.__version__}"


def pack(row: ChurnModel, model: Trained) -> None:
    """Put the model into the row and seal it there. The exam stays out: it was evaluated, and holds a row per user."""
    lean = replace(model, exam=model.exam[:0], exam_gone=model.exam_gone[:0])
    row.library = library()
    row.blob = zlib.compress(pickle.dumps(lean, protocol=5), 6)
    row.seal = _seal(row)


def unpack(row: ChurnModel) -> Trained:
    """The model again. Raises ModelUnusable for a wrong seal or another library, before a byte of it is interpreted."""
    if not hmac.compare_digest(row.seal, _seal(row)):
        raise ModelUnusable(reason=_("its seal is broken"))
    if row.library != library():
        raise ModelUnusable(
            reason=_("it was made with {made}, here is {here}").format(made=row.library, here=library())
        )
    found: Trained = pickle.loads(zlib.decompress(bytes(row.blob)))  # noqa: S301 sealed by us
    return found


def _seal(row: ChurnModel) -> str:
    whose = "\0".join((row.pk, row.workspace_id, row.host_app_id, row.library)).encode()
    message = len(whose).to_bytes(4, "big") + whose + bytes(row.blob)
    return hmac.new(secrets.derive(_PURPOSE), message, hashlib.sha256).hexdigest()
