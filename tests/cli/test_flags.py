"""The command lines of miniprogram-ci and minidev, taken over as they are."""

from __future__ import annotations

import base64
import io
import json

import pytest
from PIL import Image

from ferry.cli import profile
from ferry.cli.errors import NotSignedIn, Usage
from ferry.cli.main import main
from tests.cli.conftest import PROGRAM, Ferry

HOST = ("--host", "android=6.0.0")


@pytest.fixture
def project(tmp_path, build):
    """A folder as WeChat's tool keeps it: a project file beside the built root."""
    root = tmp_path / "project"
    root.mkdir()
    build.rename(root / "out")
    (root / "out" / "notes.md").write_text("for us")
    (root / "out" / "maps").mkdir()
    (root / "out" / "maps" / "app.js.map").write_text("{}")
    ignore = [{"type": "suffix", "value": ".md"}, {"type": "folder", "value": "maps"}]
    said = {"appid": PROGRAM, "miniprogramRoot": "out/", "packOptions": {"ignore": ignore}}
    (root / "project.config.json").write_text(json.dumps(said))
    return root


def checked(capsys, *arguments: str) -> tuple[int, dict]:
    code = main(["validate", *arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_project_file_says_what_to_pack_and_what_to_leave_out(project, capsys):
    code, said = checked(capsys, "--pp", str(project), "--use-project-config", "true")
    assert (code, said["package"]["files"]) == (0, 2)
    code, said = checked(capsys, "--pp", str(project / "out"), "--use-project-config", "false")
    assert (code, said["package"]["files"]) == (0, 4)


def test_alipays_project_file_is_read_too(project, capsys):
    (project / "project.config.json").unlink()
    (project / "mini.project.json").write_text(json.dumps({"miniprogramRoot": "out", "uploadExclude": ["*.md"]}))
    assert checked(capsys, "-p", str(project), "--use-project-config")[1]["package"]["files"] == 3


@pytest.mark.parametrize(
    "said", ['{"miniprogramRoot": ".."}', '{"packOptions": {"ignore": [{"type": "magic", "value": "x"}]}}', "[]", "{"]
)
def test_a_project_file_that_cannot_be_followed_is_not_guessed_at(project, capsys, said):
    (project / "project.config.json").write_text(said)
    assert main(["validate", "--pp", str(project), "--use-project-config", "true"]) == 2
    assert "project.config.json" in capsys.readouterr().err or "packOptions" in said


@pytest.mark.django_db
def test_a_pipeline_of_miniprogram_ci_runs_as_it_is_written(ferry: Ferry, project, capsys):
    ferry("developer", "upload", "--pp", str(project / "out"), "--appid", PROGRAM, "--create", "Timetable", *HOST)
    ferry.connect_as("developer")
    line = f"upload --pp {project} --uv 1.2.3 --desc News -r 7 --use-project-config true --enable-es6 true --json"
    assert main([*line.split(), *HOST]) == 0
    written = capsys.readouterr()
    made = json.loads(written.out)
    assert (made["name"], made["notes"], made["program"]) == ("1.2.3", "News (robot 7)", PROGRAM)
    assert "no effect here: --enable-es6" in written.err


@pytest.mark.django_db
def test_a_pipeline_of_minidev_runs_as_it_is_written(ferry: Ferry, build):
    ferry("developer", "upload", "-p", str(build), "-a", PROGRAM, "--create", "Timetable", *HOST)
    (build / "index.html").write_text("<!doctype html><h1>2</h1>")
    line = ("upload", "-p", str(build), "-a", PROGRAM, "-v", "2.0.0", "--version-description", "Two", *HOST)
    code, out = ferry("developer", *line, "--machine-output")
    made = json.loads(out)
    assert (code, made["name"], made["notes"], made["code"]) == (0, "2.0.0", "Two", 2)


@pytest.mark.django_db
@pytest.mark.parametrize("form", ["image", "base64", "terminal"])
def test_a_preview_of_a_build_uploads_it_and_draws_its_code(ferry: Ferry, build, tmp_path, form):
    target = tmp_path / "code"
    line = ("preview", "--pp", str(build), "--appid", PROGRAM, "--create", "Timetable", *HOST, "--qrcode-format", form)
    code, made = ferry.json("developer", *line, "--qrcode-output-dest", str(target))
    assert (code, made["version"]["code"]) == (0, 1)
    assert made["url"].startswith("http")
    if form == "terminal":
        assert "▀" in target.read_text()
        return
    content = target.read_bytes()
    if form == "base64":
        kind, _, text = content.decode().partition(",")
        assert kind == "data:image/png;base64"
        content = base64.b64decode(text)
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.width == picture.height > 200


@pytest.mark.django_db
def test_a_preview_is_of_a_version_or_of_a_build(ferry: Ferry, build):
    assert ferry("developer", "preview")[0] == 2
    assert ferry("developer", "preview", f"{PROGRAM}@1", "--pp", str(build))[0] == 2


@pytest.mark.parametrize("robot", ["0", "31", "x"])
def test_a_robot_has_a_number_from_1_to_30(robot, capsys):
    with pytest.raises(SystemExit) as end:
        main(["upload", "--pp", ".", "-r", robot])
    assert end.value.code == 2


def test_a_token_file_holds_a_profile_or_the_bare_token(tmp_path):
    bare, kept = tmp_path / "bare.key", tmp_path / "kept.json"
    bare.write_text("ft_one\n")
    kept.write_text('{"site": "https://ferry.example", "token": "ft_two"}')
    assert profile.from_file(bare, "https://ferry.example/", {}).token == "ft_one"
    assert profile.from_file(bare, "", {"FERRY_SITE_URL": "https://ferry.example"}).site == "https://ferry.example"
    assert profile.from_file(kept, "", {}) == profile.Profile("https://ferry.example", "ft_two")
    with pytest.raises(Usage, match="--site"):
        profile.from_file(bare, "", {})
    with pytest.raises(NotSignedIn):  # the token of one platform is not for another
        profile.from_file(kept, "https://other.example", {})
    with pytest.raises(Usage):
        profile.from_file(tmp_path / "missing", "https://ferry.example", {})
    bare.write_text("-----BEGIN RSA PRIVATE KEY-----\nabc\n")
    with pytest.raises(Usage, match="no API token"):
        profile.from_file(bare, "https://ferry.example", {})


def test_a_proxy_has_an_address(capsys):
    line = ["login", "--site", "https://ferry.example", "--token", "ft_x", "--proxy", "nowhere"]
    assert main(line) == 2
    assert "is no http or https proxy" in capsys.readouterr().err


@pytest.mark.parametrize("line", [("validate", ""), ("upload", "--pp", ""), ("import", ""), ("preset", "--out", "")])
def test_a_path_from_a_variable_that_is_not_set_is_not_this_folder(capsys, line):
    with pytest.raises(SystemExit) as end:
        main(line)
    assert (end.value.code, "the path is empty" in capsys.readouterr().err) == (2, True)


def test_a_version_code_of_nothing_is_not_left_out(ferry: Ferry, build):
    line = ("upload", str(build), "--program", PROGRAM, "--create", "Timetable", *HOST, "--code", "0")
    code, body = ferry.json("developer", *line)
    assert (code, "code" in body["error"]["message"]) == (2, True)
