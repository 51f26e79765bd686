"""Icons and previews: what the console shows of a mini-program itself."""

from __future__ import annotations

import io
import re

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from ferry.kernel.identity.rights import Role
from miniapps import selectors
from tests.console.desk import Desk


def picture(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (512, 512), colour).save(out, "PNG")
    return out.getvalue()


def test_an_icon_is_shown_before_anything_is_released(desk: Desk):
    """The edge serves icons of released programs alone; the console shows a draft's too, to members only."""
    developer = desk.as_(Role.DEVELOPER)
    icon = SimpleUploadedFile("icon.png", picture("teal"), content_type="image/png")
    answer = developer.post(desk.url("program-new"), {"name": "Coffee", "order": "0", "icon": icon})
    page = developer.get(answer.url).content.decode()
    address = re.search(r'src="(/w/[^"]+/icons/[0-9a-f]{64})"', page)[1]
    shown = developer.get(address)
    assert shown["Content-Type"] == "image/webp"
    assert "immutable" in shown["Cache-Control"]
    assert Image.open(io.BytesIO(shown.content)).size == (96, 96)
    assert developer.get(address[:-4] + "0000").status_code == 404
    assert Desk.make("Elsewhere").admin.get(address).status_code == 404


def test_a_picture_that_is_none_says_what_to_send(desk: Desk):
    developer = desk.as_(Role.DEVELOPER)
    broken = SimpleUploadedFile("icon.png", b"not a picture", content_type="image/png")
    page = developer.post(desk.program_url("program-edit"), {"name": "City Ferry", "order": "0", "icon": broken})
    assert "The icon cannot be used" in page.content.decode()


def test_a_preview_is_framed_from_an_origin_of_its_own(desk: Desk):
    version = desk.world.upload("2.0.0")
    reviewer = desk.as_(Role.REVIEWER)
    address = desk.program_url("preview", version.pk)
    assert reviewer.get(address).url == desk.program_url("version", version.pk)
    page = reviewer.post(address, follow=True).content.decode()
    frame = re.search(r'<iframe src="([^"]+)"[^>]* sandbox="([^"]+)"', page)
    label = frame[1].split("//")[1].split(".")[0]
    assert selectors.preview(label).entry == "index.html"
    assert "allow-top-navigation" not in frame[2]
    assert desk.as_(Role.AUDITOR).post(address).status_code == 403
