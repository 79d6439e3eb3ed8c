"""The files for containers, by schema and by reading: no container engine runs here."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML
from typer.core import TyperGroup

from scheduler.channels.smtp.server import read_smtp_url
from scheduler.cli.app import app
from scheduler.settings import Delivery, read_settings
from tests.repo.markdown import ROOT

SCHEMA = Path(__file__).with_name("compose-spec.json")
VARIABLE = re.compile(r"\$\{([A-Z_]+):-([^}]*)\}")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe").load(ROOT / "docker-compose.yml")
    return loaded


def environment(compose: dict[str, Any]) -> dict[str, str]:
    """The settings as a container gets them when nothing is set outside."""
    given = compose["services"]["aftercare"]["environment"]
    return {name: VARIABLE.sub(lambda found: found[2], value) for name, value in given.items()}


def dockerfile() -> list[str]:
    return (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()


def test_the_compose_file_is_valid_by_the_specification(compose: dict[str, Any]) -> None:
    validator = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert [error.message for error in validator.iter_errors(compose)] == []


def test_every_secret_volume_and_service_that_is_used_is_declared(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for service in services.values():
        assert set(service.get("secrets", [])) <= set(compose["secrets"])
        assert set(service.get("depends_on", [])) <= set(services)
        mounted = [VARIABLE.sub(lambda found: found[2], it) for it in service.get("volumes", [])]
        named = [volume.split(":")[0] for volume in mounted if not volume.startswith(("./", "/"))]
        assert set(named) <= set(compose["volumes"])


def test_every_secret_is_made_by_the_script(compose: dict[str, Any]) -> None:
    script = (ROOT / "docker/make-secrets.sh").read_text(encoding="utf-8")
    made = set(re.findall(r"^new (\w+) ", script, re.MULTILINE))
    assert made == set(compose["secrets"])
    assert {secret["file"] for secret in compose["secrets"].values()} == {f"./secrets/{name}" for name in made}


def test_the_settings_of_the_service_can_be_read_and_rehearse(compose: dict[str, Any], tmp_path: Path) -> None:
    environ = environment(compose)
    for name, value in environ.items():
        if name.endswith("_FILE"):
            file = tmp_path / Path(value).name
            file.write_text("postgresql://aftercare:x@database/aftercare" if "URL" in name else "a key")
            environ[name] = str(file)
    settings = read_settings(environ)
    assert settings.delivery is Delivery.REHEARSAL
    assert not settings.on_sqlite


def test_the_mail_catcher_can_be_reached_as_the_product_allows(compose: dict[str, Any]) -> None:
    server = read_smtp_url(environment(compose)["AFTERCARE_SMTP_URL"])
    assert (server.host, server.port) == ("127.0.0.1", 1025)
    assert compose["services"]["mail"]["network_mode"] == "service:aftercare"


def test_each_of_our_services_runs_a_command_that_there_is_without_rights(compose: dict[str, Any]) -> None:
    commands = typer.main.get_command(app)
    assert isinstance(commands, TyperGroup)
    ours = {name: it for name, it in compose["services"].items() if it.get("build")}
    assert set(ours) == {"migrate", "aftercare", "worker", "watch"}
    for service in ours.values():
        group, words = commands, [VARIABLE.sub(lambda found: found[2], it) for it in service["command"]]
        while isinstance(known := group.commands[words.pop(0)], TyperGroup):
            group = known
        known.make_context("", words)
    long = [it for name, it in ours.items() if name != "migrate"]
    for key in ("read_only", "tmpfs", "cap_drop", "security_opt", "environment", "env_file", "secrets", "restart"):
        assert all(it[key] == long[0][key] for it in long), key


def test_the_drop_folder_is_the_one_that_is_watched_and_may_be_written(compose: dict[str, Any]) -> None:
    service = compose["services"]["watch"]
    mounted = [it for it in service["volumes"] if it.endswith(f":{service['command'][1]}")]
    assert [VARIABLE.sub(lambda found: found[2], it) for it in mounted] == ["./exports:/aftercare/exports"]
    assert service["profiles"] == ["watch"]
    clinics = {path.stem for path in (ROOT / "config/clinics").glob("*.yaml")}
    assert VARIABLE.sub(lambda found: found[2], service["command"][-1]) in clinics


def test_nothing_is_published_beyond_this_machine(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_image_runs_as_a_user_without_rights() -> None:
    users = [line.split()[1] for line in dockerfile() if line.startswith("USER ")]
    assert users
    assert users[-1] not in ("0", "root")
    assert dockerfile().index(f"USER {users[-1]}") < next(
        number for number, line in enumerate(dockerfile()) if line.startswith("ENTRYPOINT")
    )


def test_the_image_holds_no_secret_and_copies_only_what_it_names() -> None:
    text = "\n".join(dockerfile())
    assert not re.search(r"(?i)(token|password|_key|secret)\s*=", text)
    assert not re.search(r"^COPY (--\S+ )*\. ", text, re.MULTILINE)
    assert (ROOT / ".dockerignore").read_text(encoding="utf-8").startswith("*\n")


def test_what_the_image_copies_is_not_ignored() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = [
        source.rstrip("/")
        for line in dockerfile()
        if line.startswith("COPY ") and "--from" not in line
        for source in line.split()[1:-1]
    ]
    assert [source for source in copied if source not in kept] == []
    assert all((ROOT / source).exists() for source in copied)
