"""`ferry validate`: a folder or zip is checked on the developer's machine, by the guard that an upload meets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ferry.cli.main import main


def test_a_folder_is_accepted(build, capsys):
    assert main(["validate", str(build)]) == 0
    assert "✓ accepted: h5, 2 files" in capsys.readouterr().out


def test_the_same_content_has_the_same_hash_as_folder_and_as_zip(build, tmp_path, capsys):
    with zipfile.ZipFile(tmp_path / "build.zip", "w") as packed:
        packed.write(build / "js" / "app.js", "js/app.js")
        packed.write(build / "index.html", "index.html")
    main(["validate", str(build), "--json"])
    folder = json.loads(capsys.readouterr().out)
    main(["validate", str(tmp_path / "build.zip"), "--json"])
    zipped = json.loads(capsys.readouterr().out)
    assert folder["accepted"]
    assert folder["package"]["sha256"] == zipped["package"]["sha256"]


def test_what_is_refused_says_why_and_what_to_do(tmp_path, capsys):
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as packed:
        packed.writestr("index.html", "x")
        packed.writestr("../outside.txt", "x")
    assert main(["validate", str(tmp_path / "evil.zip"), "--json"]) == 1
    checked = json.loads(capsys.readouterr().out)
    (finding,) = checked["report"]["errors"]
    assert not checked["accepted"]
    assert finding["code"] == "name_traversal"
    assert finding["message"]
    assert finding["fix"]


def test_a_link_in_a_folder_is_named_and_never_followed(build, tmp_path, capsys):
    (tmp_path / "secret.txt").write_text("not for upload")
    (build / "notes.txt").symlink_to(tmp_path / "secret.txt")
    assert main(["validate", str(build), "--json"]) == 1
    (finding,) = json.loads(capsys.readouterr().out)["report"]["errors"]
    assert (finding["code"], finding["path"]) == ("special_file", "notes.txt")


def test_a_linked_folder_is_refused_too(build, tmp_path, capsys):
    (tmp_path / "elsewhere").mkdir()
    (build / "lib").symlink_to(tmp_path / "elsewhere")
    assert main(["validate", str(build)]) == 1
    assert "special_file" in capsys.readouterr().out


def test_version_control_and_modules_are_left_at_home(build, capsys):
    for name in (".git", "node_modules"):
        (build / name).mkdir()
        (build / name / "large").write_text("x")
    main(["validate", str(build), "--json"])
    assert json.loads(capsys.readouterr().out)["package"]["files"] == 2


def test_a_folder_without_an_entry_is_refused(tmp_path):
    (tmp_path / "readme.txt").write_text("x")
    assert main(["validate", str(tmp_path)]) == 1


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04"])
def test_what_is_no_zip_is_refused(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    assert main(["validate", str(tmp_path / "file")]) == 1


def test_a_path_that_is_not_there_is_a_usage_error(tmp_path):
    assert main(["validate", str(tmp_path / "nothing")]) == 2


@pytest.mark.parametrize("arguments", [["validat"], [], ["validate", "a", "b"], ["release", "x@1"]])
def test_a_wrong_command_line_ends_with_two(arguments):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2


def test_the_installed_command_needs_no_server_no_settings_and_no_database(build, tmp_path):
    plain = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    command = [str(Path(sys.executable).with_name("ferry")), "validate", str(build), "--json"]
    done = subprocess.run(command, env=plain, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["accepted"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dist"]


def test_the_shipped_mini_program_is_accepted_in_both_versions(root, capsys):
    for version in ("v1", "v2"):
        assert main(["validate", str(root / "examples" / "miniapps" / "city-ferry" / version), "--json"]) == 0
        report = json.loads(capsys.readouterr().out)["report"]
        assert report == {"errors": [], "warnings": [], "ignored": []}


def test_a_name_that_is_no_text_is_said(build, capsys):
    (Path(os.fsdecode(bytes(build) + b"/caf\xe9.txt"))).write_text("x")
    assert main(["validate", str(build)]) == 2
    assert "caf\\udce9.txt" in capsys.readouterr().err


@pytest.mark.parametrize(("owner", "reader", "unreadable"), [(os, "scandir", "js"), (Path, "open", "app.js")])
def test_what_cannot_be_read_is_never_left_out_silently(build, capsys, monkeypatch, owner, reader, unreadable):
    real = getattr(owner, reader)

    def refuse(path, *more, **options):
        if Path(path).name == unreadable:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *more, **options)

    monkeypatch.setattr(owner, reader, refuse)
    assert main(["validate", str(build)]) == 2
    assert "Permission denied" in capsys.readouterr().err


def test_without_a_build_there_is_nothing_to_validate(capsys):
    assert main(["validate"]) == 2
    assert "Give the folder or zip" in capsys.readouterr().err
