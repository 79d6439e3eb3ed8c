"""Makes the generated pages of the documentation; `make docs` writes them, a test compares them."""

from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.page import performance_chart, performance_page
from scheduler.cli.schema import as_text
from scheduler.content.gallery import gallery_pages
from scheduler.protocols.schemas import FOLDER, KINDS, schema_of
from tests.repo.page_commands import commands_page
from tests.repo.page_config import config_page
from tests.repo.page_presets import presets_page
from tests.repo.page_problems import problems_page
from tests.repo.page_rest import openapi_file, rest_page
from tests.repo.page_sources import sources_page
from tests.repo.page_states import states_page

ROOT = Path(__file__).resolve().parents[2]

PAGES: Mapping[str, Callable[[], str]] = {
    "docs/explanation/performance.md": performance_page,
    "docs/images/performance.svg": performance_chart,
    "docs/reference/commands.md": commands_page,
    "docs/reference/config.md": config_page,
    "docs/reference/openapi.json": openapi_file,
    "docs/reference/presets.md": presets_page,
    "docs/reference/problems.md": problems_page,
    "docs/reference/rest.md": rest_page,
    "docs/reference/sources.md": sources_page,
    "docs/reference/states.md": states_page,
}


def generate() -> dict[Path, str]:
    """Return every generated page by its path."""
    pages = {ROOT / name: page() for name, page in PAGES.items()}
    pages |= {ROOT / "config" / FOLDER / f"{kind}.json": as_text(schema_of(kind)) for kind in KINDS}
    return pages | {ROOT / name: text for name, text in gallery_pages().items()}


if __name__ == "__main__":
    for path, text in generate().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(ROOT))  # noqa: T201  (this is what the command says)
