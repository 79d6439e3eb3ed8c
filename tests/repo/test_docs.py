"""The documentation names all that there is, and everything in it leads somewhere."""

import inspect
import re
import tomllib
from pathlib import Path

import pytest

from scheduler import settings
from scheduler.domain.reasons import CLAUSES
from scheduler.domain.states import Status
from scheduler.protocols.problems import CODES, TEXT_CODES
from tests.repo.generate import generate
from tests.repo.markdown import ROOT, anchors, fenced, links, pages, prose
from tests.repo.page_commands import leaves, option_names
from tests.repo.page_config import keys

REFERENCE = ROOT / "docs/reference"


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def setting_names() -> set[str]:
    """Every name of a setting that the program reads, from its own source."""
    named = re.findall(r"\"((?:AFTERCARE|TWILIO)_[A-Z_]+)\"", inspect.getsource(settings))
    return {name for name in named if name != "TWILIO_API_URL"}


@pytest.mark.parametrize("path", sorted(generate()), ids=lambda path: path.name)
def test_a_generated_page_is_what_its_generator_makes(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == generate()[path], "run `make docs`"


def test_every_command_and_option_is_on_the_page_of_commands() -> None:
    page = read("docs/reference/commands.md")
    for name, command in leaves():
        section = page.partition(f"## `aftercare {name}`\n")[2].partition("\n## ")[0]
        missing = [option for option in option_names(command) if f"`{option}`" not in section]
        assert section, name
        assert not missing, name


def test_every_command_that_prints_json_has_an_example() -> None:
    page = read("docs/reference/json.md")
    headings = " ".join(re.findall(r"^## (.+)$", page, re.MULTILINE))
    printing = [name for name, command in leaves() if "--json" in option_names(command)]
    assert [name for name in printing if f"`{name}`" not in headings] == []


def test_every_setting_is_described_in_a_row_of_its_own() -> None:
    described = set(re.findall(r"^\| `([A-Z_]+)` \|", read("docs/reference/settings.md"), re.MULTILINE))
    assert described == setting_names()


def test_every_secret_is_said_to_come_from_a_file_too() -> None:
    page = read("docs/reference/settings.md")
    assert [name for name in settings.SECRETS if f"`{name}_FILE`" not in page] == []


def test_every_default_of_a_setting_is_the_programs_own() -> None:
    page = read("docs/reference/settings.md")
    for name, default in [
        ("AFTERCARE_DATA_DIR", "var"),
        ("AFTERCARE_DELIVERY", settings.Delivery.REHEARSAL.value),
        ("AFTERCARE_TWILIO_API_URL", settings.TWILIO_API_URL),
        ("AFTERCARE_PUBLIC_URL", settings.read_settings({}).public_url),
    ]:
        assert f"| `{name}` | `{default}` |" in page


def test_every_state_is_on_the_page_of_states() -> None:
    page = read("docs/reference/states.md")
    assert [status for status in Status if f"| `{status}` |" not in page] == []


def test_every_problem_is_on_the_page_of_problems() -> None:
    page = read("docs/reference/problems.md")
    assert [code for code in (*CODES, *TEXT_CODES) if f"| `{code}` |" not in page] == []


def test_every_key_of_a_configuration_file_is_on_its_page() -> None:
    page = read("docs/reference/config.md")
    assert [key for key in keys() if f"| `{key.rpartition('.')[2]}` |" not in page] == []


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads(read("pyproject.toml"))
    extras = {**project["dependency-groups"], **project["project"]["optional-dependencies"]}
    asked = project["project"]["dependencies"] + [entry for group in extras.values() for entry in group]
    names = {re.split(r"[\[<>=~! ]", entry)[0] for entry in asked}
    explained = set(re.findall(r"^\| `([a-z0-9.-]+)` \|", read("docs/explanation/dependencies.md"), re.MULTILINE))
    assert explained == names


def test_every_decision_is_in_the_index() -> None:
    listed = re.findall(r"\((\d{4}-[a-z0-9-]+\.md)\)", read("docs/adr/README.md"))
    assert listed == sorted(path.name for path in (ROOT / "docs/adr").glob("0*.md"))


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, ahead = set[Path](), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page.suffix != ".md" or page in reached:
            continue
        reached.add(page)
        ahead += [target for target, _ in _targets(page)]
    assert set(pages()) <= reached


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_and_image_of_a_page_leads_somewhere(page: Path) -> None:
    for target, anchor in _targets(page):
        assert target.exists(), f"{page}: {target}"
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), f"{page}: {target}#{anchor}"


def _targets(page: Path) -> list[tuple[Path, str]]:
    """Return the files that a page leads to, each with the heading."""
    found = []
    for link in links(page.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:", link):
            path, _, anchor = link.partition("#")
            found.append(((page.parent / path).resolve() if path else page, anchor))
    return found


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_and_settings_named_on_a_page_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    known = {name.split()[0] for name, _ in leaves()} | {"COMMAND"}
    named = re.findall(r"(?:^|`|&& |\$ )aftercare ([a-z]+(?:-[a-z]+)?)", text, re.MULTILINE)
    assert set(named) <= known | {"0"}
    read_or_file = setting_names() | {f"{name}_FILE" for name in settings.SECRETS} | {"AFTERCARE_TEST_REQUIRE"}
    assert set(re.findall(r"\b(?:AFTERCARE|TWILIO)_[A-Z_]+[A-Z]\b", text)) <= read_or_file


def test_options_that_a_page_shows_with_a_command_are_its_own() -> None:
    known = {name: {*option_names(command), "--help"} for name, command in leaves()}
    unknown = [
        (str(page.relative_to(ROOT)), name, option)
        for page in pages()
        for words, line in re.findall(r"aftercare (([a-z][a-z -]*)[^\n`|&;#]*)", _unfolded(page))
        if (name := next((it for it in _beginnings(line) if it in known), None))
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", words)
        if option not in known[name]
    ]
    assert unknown == []


def _unfolded(page: Path) -> str:
    """Return a page with lines that a backslash folds in one."""
    return page.read_text(encoding="utf-8").replace("\\\n", " ")


def _beginnings(line: str) -> list[str]:
    """Return the names of a command that a line may begin with, the longest first."""
    words = line.split()
    return [" ".join(words[:count]) for count in (3, 2, 1)]


def test_the_documentation_has_one_word_for_an_appointment() -> None:
    """What patients read may say visit: they come for one."""
    of_patients = {"problems.md", "texts-en.md", "texts-es.md", "texts-fr.md"}
    folders = {"explanation", "how-to", "reference"}
    said = [
        f"{page.name}: {line}"
        for page in [ROOT / "README.md", *(it for it in pages() if it.parent.name in folders)]
        if page.name not in of_patients
        for line in re.sub(r"\]\([^)]*\)", "]", prose(page.read_text(encoding="utf-8"))).splitlines()
        if re.search(r"\bvisits?\b(?!\.json)", line, re.IGNORECASE)
    ]
    assert said == []


def test_the_protocol_in_the_readme_is_the_shipped_one() -> None:
    (shown,) = [block.text for block in fenced(read("README.md")) if block.language == "yaml"]
    shipped = {_plain(line) for line in read("config/protocols/microneedling.yaml").splitlines()}
    assert [line for line in map(_plain, shown.splitlines()) if line not in shipped] == []


def _plain(line: str) -> str:
    """Return a line of YAML without its comment."""
    return re.sub(r"\s*#.*", "", line).rstrip()


def test_every_image_is_shown_on_some_page() -> None:
    shown = {target for page in pages() for target, _ in _targets(page)}
    images = [file for file in (ROOT / "docs/images").rglob("*") if file.is_file()]
    assert [image for image in images if image not in shown] == []


def test_the_picture_of_the_demo_asks_no_other_host() -> None:
    assert re.findall(r"https?://[^\s\"')]+", read("docs/images/demo.svg")) == ["http://www.w3.org/2000/svg"]


def test_reasons_shown_in_the_documentation_are_still_said() -> None:
    said = " ".join(CLAUSES.values())
    assert "moved from" in said
    assert "out of quiet hours" in said
    assert "says what counts now" in said
