"""The house stays as it is drawn: what the tree promises to a newcomer."""

from __future__ import annotations

import platform
import re


def test_platform_is_a_folder_not_a_package(root):
    assert not (root / "platform" / "__init__.py").exists()
    assert "ferry" not in (platform.__file__ or "")
    assert platform.system()


def test_every_app_holds_the_same_files(root):
    """A newcomer who knows one app knows where to look in the next."""
    for app in ("analytics", "miniapps", "push"):
        for name in ("apps", "models", "services", "selectors", "edge", "urls"):
            folder = root / app / name
            assert folder.is_dir() or folder.with_suffix(".py").exists(), f"{app} has no {name}"


def test_doors_hold_no_queries(root):
    """Views, edge routes, tasks and the client call services and selectors; they never reach for tables."""
    patterns = ("*/edge.py", "*/tasks.py", "*/views.py", "console/views/*.py")
    doors = [path for pattern in patterns for path in root.glob(pattern)]
    reaching = re.compile(r"\.objects\b|\.unscoped\(|select_for_update|\.raw\(")
    found = [str(path.relative_to(root)) for path in doors if reaching.search(path.read_text())]
    assert found == []
