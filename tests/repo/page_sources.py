"""The page of the sources, made from config/sources.yaml."""

from collections.abc import Iterator, Mapping, Sequence

from scheduler.domain.advice import AdviceTag
from scheduler.paths import shipped
from scheduler.protocols.loader import load
from scheduler.protocols.reading import read_sources
from scheduler.protocols.sources_file import ABOUT, RowBlock, SourcesFile

HEAD = """# Sources

Made from `config/sources.yaml` and `config/advice.yaml` by `make docs`; a test compares them.

Where each thing that the shipped texts say comes from, a row per fact. **A clinician of your clinic approves every
text before it is sent**: sources disagree in places, and where they do, the clinic decides.
[Texts for patients](../explanation/texts.md) has the rules that the texts keep, and says which ranges were chosen.

An advice in `advice.yaml` names the rows that it rests on; `aftercare check` refuses a row that is not here. A clinic
that copies `sources.yaml` into its folder adds rows of its own.

## The sources

| mark | what it is |
|---|---|"""


def sources_page() -> str:
    """Return the page."""
    config = shipped("config")
    sources = read_sources(config / "sources.yaml").value
    if sources is None:
        raise ValueError("config/sources.yaml has an error: run `aftercare check`")
    marks = [f"| {mark} | {what} |" for mark, what in sources.marks.items()]
    return "\n".join([HEAD, *marks, "", *_tables(sources, load(config).advice.tags)])


def _tables(sources: SourcesFile, tags: Mapping[str, AdviceTag]) -> Iterator[str]:
    for about, title in ABOUT.items():
        rows = {name: row for name, row in sources.rows.items() if row.about == about}
        advised = about == "advice"
        yield f"## {title}\n"
        yield "| row | what | when | sources |" + (" tags |" if advised else "")
        yield "|---|---|---|---|" + ("---|" if advised else "")
        for name, row in rows.items():
            resting = [f"`{tag}`" for tag, advice in tags.items() if name in advice.sources]
            yield _row(name, row, resting if advised else None)
        yield ""


def _row(name: str, row: RowBlock, tags: Sequence[str] | None) -> str:
    cells = [f"`{name}`", row.says, row.when, " ".join(row.marks)]
    return "| " + " | ".join(cells if tags is None else [*cells, ", ".join(tags)]) + " |"
