"""docker-compose.yml and the Dockerfile say the same as the settings and the programs of `manage.py up`."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from polyannot.kernel import programs

CHECKOUT = Path(__file__).parents[2]
OURS = ("web", "worker-default", "worker-gpu", "beat")
READS = re.compile(
    r"""(?:env\.(?:text|flag|integer|words|networks)|environ\.(?:get|setdefault))\(\s*"([A-Z_]+)\""""
)
VARIABLE = re.compile(r"\$\{([A-Z_]+)")


def variables_read() -> set[str]:
    """Return every variable that the product's code reads."""
    folders = ("polyannot", "accounts", "projects", "annotation", "studies", "releases", "ml_workers")
    files = [file for folder in folders for file in (CHECKOUT / folder).rglob("*.py")]
    return {name for file in files for name in READS.findall(file.read_text(encoding="utf-8"))}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The parsed compose file, its anchors merged."""
    parsed: dict[str, Any] = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8"))
    return parsed


def command_of(program: programs.Program) -> list[str]:
    """Return a program's command as it is written for a container."""
    return ["python", *program.command[1:]]


def test_every_part_runs_the_command_that_up_runs(compose: dict[str, Any]) -> None:
    services = compose["services"]
    expected = {
        "web": programs.web("0.0.0.0", 8000),
        "worker-default": programs.default_worker(),
        "worker-gpu": programs.model_worker(),
        "beat": programs.scheduler(Path("/var/lib/polyannot")),
    }
    for name, program in expected.items():
        assert services[name]["command"] == command_of(program), name
    assert services["migrate"]["command"][1:3] == ["manage.py", "migrate"]


def test_the_image_runs_the_same_web_server_by_itself() -> None:
    last = (CHECKOUT / "Dockerfile").read_text(encoding="utf-8").strip().splitlines()[-1]
    assert json.loads(last.removeprefix("CMD ")) == command_of(programs.web("0.0.0.0", 8000))


def test_every_variable_that_is_set_is_one_that_polyannot_reads(compose: dict[str, Any]) -> None:
    read = variables_read() | {"POLYANNOT_WORKER"}
    for name in (*OURS, "migrate"):
        assert set(compose["services"][name]["environment"]) <= read, name
    image = set(re.findall(r"([A-Z_]{4,})=", (CHECKOUT / "Dockerfile").read_text(encoding="utf-8")))
    ours = {name for name in image if not name.startswith(("PYTHON", "PATH", "EXTRAS", "PIP_"))}
    assert ours <= read


def test_every_queue_is_served_and_missed_by_health(compose: dict[str, Any]) -> None:
    served = set()
    for name in ("worker-default", "worker-gpu"):
        command = compose["services"][name]["command"]
        served |= set(command[command.index("-Q") + 1].split(","))
    assert served == {*programs.DEFAULT_QUEUES, *programs.MODEL_QUEUES}
    for name in OURS:
        expected = compose["services"][name]["environment"]["HEALTH_EXPECTS"].split(",")
        assert set(expected) == served | {programs.SCHEDULER}


def test_only_the_model_worker_has_torch_and_the_tasks_of_the_models(compose: dict[str, Any]) -> None:
    for name in (*OURS, "migrate"):
        service = compose["services"][name]
        has_models = name == "worker-gpu"
        assert service["build"]["args"]["EXTRAS"] == ("web,ml,corpora,layout" if has_models else "web")
        assert ("POLYANNOT_WORKER" in service["environment"]) is has_models
    assert programs.MODEL_WORKER.items() <= compose["services"]["worker-gpu"]["environment"].items()


def test_every_lasting_part_has_a_health_check_and_waits_for_what_it_needs(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name in (*OURS, "database", "broker"):
        assert services[name]["healthcheck"]["test"][0] == "CMD", name
        assert services[name]["restart"] == "unless-stopped", name
    for name in OURS:
        waits = services[name]["depends_on"]
        assert waits["migrate"]["condition"] == "service_completed_successfully"
        assert waits["broker"]["condition"] == "service_healthy"
    assert services["migrate"]["depends_on"]["database"]["condition"] == "service_healthy"


def test_what_people_made_lies_on_volumes(compose: dict[str, Any]) -> None:
    services = compose["services"]
    mounted = {volume.split(":")[0] for service in services.values() for volume in service.get("volumes", [])}
    assert mounted == set(compose["volumes"])
    for name in OURS:
        environment = services[name]["environment"]
        assert f"home:{environment['POLYANNOT_HOME']}" in services[name]["volumes"]


def test_no_secret_has_a_default_and_nothing_but_the_web_is_published(compose: dict[str, Any]) -> None:
    text = (CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8")
    for secret in ("SECRET_KEY", "POSTGRES_PASSWORD"):
        assert len(re.findall(rf"\$\{{{secret}:\?", text)) + len(re.findall(rf"\$\{{{secret}\}}", text)) > 0
        assert f"${{{secret}:-" not in text
    published = {name for name, service in compose["services"].items() if "ports" in service}
    assert published == {"web"}
    assert compose["services"]["web"]["ports"] == ["127.0.0.1:${PORT:-8000}:8000"]


def test_the_guide_to_deploying_names_every_variable_of_the_compose_file(compose: dict[str, Any]) -> None:
    guide = (CHECKOUT / "docs" / "deploy.md").read_text(encoding="utf-8")
    text = (CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8")
    named = {*VARIABLE.findall(text), *compose["services"]["web"]["environment"]}
    assert {name for name in named if f"`{name}`" not in guide} == set()


def test_the_gpu_file_adds_to_a_service_that_is_there(compose: dict[str, Any]) -> None:
    more = yaml.safe_load((CHECKOUT / "docker-compose.gpu.yml").read_text(encoding="utf-8"))
    assert set(more["services"]) <= set(compose["services"])
