"""The example host honours what was granted: the bridge refuses, the browser lets out, old terms are not taken back."""

from __future__ import annotations

import datetime
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.browser.phones import CARD, Phone
from tests.chromium import FLAGS, chromium

pytestmark = pytest.mark.browser

CALL = "async (name) => { try { return await ferry.call(name); } catch (refused) { return refused.code; } }"
REACH = "(url) => fetch(url).then((answer) => answer.text(), (error) => error.name)"


class _Open(BaseHTTPRequestHandler):
    """A public server: answers everybody, tells which name it was asked by."""

    def do_GET(self) -> None:
        body = (self.headers["Host"] or "").encode()
        self.send_response(200)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def internet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port at which every https name of this module's browser is answered."""
    folder: Path = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "example.com")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 7, now, now + datetime.timedelta(days=1))
    pem = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    form = serialization.PrivateFormat.PKCS8
    pem += key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    (folder / "both.pem").write_bytes(pem)
    listener = ThreadingHTTPServer(("127.0.0.1", 0), _Open)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    listener.socket = context.wrap_socket(listener.socket, server_side=True)
    thread = threading.Thread(target=listener.serve_forever, daemon=True)
    thread.start()
    yield listener.server_port
    listener.shutdown()
    listener.server_close()
    thread.join()


@pytest.fixture(scope="module")
def browser(internet: int) -> Iterator[Browser]:
    """A Chromium for which every name below example.com is our server."""
    path = chromium()
    if path is None:
        pytest.skip("Chromium is not installed")
    names = [f"--host-resolver-rules=MAP *.example.com:443 127.0.0.1:{internet}", "--ignore-certificate-errors"]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=[*FLAGS, *names])
        yield running
        running.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(ignore_https_errors=True)
    made.set_default_timeout(20_000)
    yield made
    made.close()


def inside(phone: Phone, script: str, argument: Any = None) -> Any:
    """Runs in the open program."""
    phone.program.locator("h1").wait_for()
    return phone.page.frames[-1].evaluate(script, argument)


def test_what_is_not_granted_is_refused_and_what_is_granted_is_answered(phone: Phone, edge: Any) -> None:
    edge.publish(CARD, 1)
    edge.grant(CARD, 1, "network", "camera")
    phone.switch_on()
    phone.get()
    assert inside(phone, CALL, "network") == {"online": True}
    assert inside(phone, CALL, "camera") == "not_supported"  # granted, but this phone has none
    for name in ("location", "constructor", "", "login"):
        assert inside(phone, CALL, name) == "not_granted"
    phone.logged("notGranted")


def test_a_version_without_terms_has_nothing(phone: Phone, edge: Any) -> None:
    edge.publish(CARD, 1)
    phone.switch_on()
    phone.get()
    assert inside(phone, CALL, "network") == "not_granted"
    assert inside(phone, REACH, "https://api.example.com/") == "TypeError"


def test_only_granted_domains_are_reached(phone: Phone, edge: Any) -> None:
    edge.publish(CARD, 1)
    edge.grant(CARD, 1, request=("api.example.com", "*.cdn.example.com"))
    phone.switch_on()
    phone.get()
    assert inside(phone, REACH, "https://api.example.com/") == "api.example.com"
    assert inside(phone, REACH, "https://a.b.cdn.example.com/") == "a.b.cdn.example.com"
    for other in ("https://other.example.com/", "https://cdn.example.com/", "https://api.example.com:8443/", edge.url):
        assert inside(phone, REACH, other) == "TypeError", other
    assert inside(phone, REACH, "/index.html").startswith("<!doctype html>")


def test_web_views_show_granted_domains_only(phone: Phone, edge: Any) -> None:
    edge.publish(CARD, 1)
    edge.grant(CARD, 1, webview=("pages.example.com",))
    phone.switch_on()
    phone.get()
    inside(
        phone,
        """() => {
             window.refused = [];
             document.addEventListener("securitypolicyviolation", (event) => refused.push(event.blockedURI));
             for (const name of ["pages", "other"]) {
               const view = document.createElement("iframe");
               view.src = `https://${name}.example.com/`;
               document.body.append(view);
             }
           }""",
    )
    expect(phone.program.frame_locator("iframe >> nth=0").locator("body")).to_have_text("pages.example.com")
    phone.page.frames[1].wait_for_function("() => refused.length === 1")
    assert inside_first(phone, "() => refused[0]").startswith("https://other.example.com")


def inside_first(phone: Phone, script: str) -> Any:
    return phone.page.frames[1].evaluate(script)


def test_a_program_cannot_widen_its_own_rules(phone: Phone, edge: Any) -> None:
    """The domains lie in a cache that the program can write to; the origin's name says which are right."""
    edge.publish(CARD, 1)
    edge.grant(CARD, 1, request=("api.example.com",))
    phone.switch_on()
    phone.get()
    inside(
        phone,
        """async () => {
             const cache = await caches.open("rules");
             const rules = await (await cache.match("/rules")).text();
             await cache.put("/rules", new Response(rules.replace("api.example.com", "other.example.com")));
           }""",
    )
    chrome = phone.page.context.new_cdp_session(phone.page)
    chrome.send("ServiceWorker.enable")
    chrome.send("ServiceWorker.stopAllWorkers")  # what it remembers is gone: the next one reads the forged rules
    inside(phone, "() => { window.before = true; location.reload(); }")
    phone.page.frames[-1].wait_for_function("() => window.ferry && !window.before")
    for name in ("other", "api"):  # what is not ours counts for nothing
        assert inside(phone, REACH, f"https://{name}.example.com/") == "TypeError"


def test_what_is_taken_back_stops_an_open_program(phone: Phone, edge: Any) -> None:
    edge.publish(CARD, 1)
    edge.grant(CARD, 1, "network", request=("api.example.com",))
    phone.switch_on()
    phone.get()
    assert inside(phone, REACH, "https://api.example.com/") == "api.example.com"
    origin = phone.page.locator("#stage iframe").get_attribute("src")
    edge.grant(CARD, 2)
    phone.check_in()
    expect(phone.page.locator("#stage iframe")).not_to_have_attribute("src", origin)  # opened anew, with other rules
    assert inside(phone, CALL, "network") == "not_granted"
    assert inside(phone, REACH, "https://api.example.com/") == "TypeError"
    assert edge.calls("POST /v1/checkin")[-1]["installed"][0]["terms"] == 1
    phone.check_in()
    assert edge.calls("POST /v1/checkin")[-1]["installed"][0]["terms"] == 2


def test_old_terms_are_not_taken_again(phone: Phone, edge: Any) -> None:
    """An answer from before the revocation, played again, gives nothing back."""
    edge.publish(CARD, 1)
    edge.grant(CARD, 1, "network")
    old = {name: edge.offers[CARD][name] for name in ("terms", "terms_signature")}
    edge.grant(CARD, 2)
    phone.switch_on()
    phone.get()
    assert inside(phone, CALL, "network") == "not_granted"
    edge.offers[CARD] |= old
    edge.version += 1
    phone.check_in()
    phone.logged("refusedPackage")
    assert inside(phone, CALL, "network") == "not_granted"


@pytest.mark.parametrize("change", ["terms", "program", "code"])
def test_terms_that_were_not_signed_for_this_version_are_refused(phone: Phone, edge: Any, change: str) -> None:
    edge.publish("other", 1)
    edge.grant("other", 1, "network")
    foreign = edge.offers.pop("other")
    edge.publish(CARD, 2 if change == "code" else 1)
    edge.grant(CARD, 1, "network" if change != "terms" else "camera")
    if change == "terms":
        edge.offers[CARD]["terms"]["capabilities"] = ["network"]
    elif change == "program":
        edge.offers[CARD]["terms_signature"] = foreign["terms_signature"]
    else:
        edge.offers[CARD]["terms_signature"] = edge.sign(
            {"host_app": "fa_test", "program": CARD, "version_code": 1, "terms": edge.offers[CARD]["terms"]}
        )
    phone.switch_on()
    phone.page.locator(f"[data-program='{CARD}']").click()
    phone.logged("refusedPackage")
    assert phone.packages() == 0
