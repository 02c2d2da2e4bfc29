"""Where the authored files are: the project that a release is published from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HEADER: Final = "ontology/legation.ttl"
FOLDERS: Final = ("ontology", "shapes", "data/schemes", "data/entities", "data/sources")
QUESTIONS: Final = "tests/questions"


class ProjectError(Exception):
    """A folder that holds no project."""


@dataclass(frozen=True)
class Project:
    """A folder with ``ontology/``, ``shapes/``, ``data/`` and ``tests/questions/`` in it."""

    root: Path

    @property
    def header(self) -> Path:
        """The file with the ontology header: the version and the dates of a release come from it."""
        return self.root / HEADER

    def turtle_files(self) -> Iterator[Path]:
        """Yield every authored Turtle file, folder by folder, sorted by name."""
        for folder in FOLDERS:
            yield from sorted((self.root / folder).glob("*.ttl"))

    def question_files(self) -> Iterator[Path]:
        """Yield every competency question, sorted by name."""
        yield from sorted((self.root / QUESTIONS).glob("*.rq"))

    def name_of(self, path: Path) -> str:
        """Return the path of a file inside the project, with slashes."""
        return path.relative_to(self.root).as_posix()


def open_project(folder: Path | None = None) -> Project:
    """Open ``folder`` as a project; without one, the project that this program came with.

    That is the repository for a checkout or an editable install, and ``legation/project`` inside a wheel.
    """
    here = Path(__file__).resolve()
    candidates = [folder.resolve()] if folder else [here.parents[2], here.parent / "project"]
    for candidate in candidates:
        if (candidate / HEADER).is_file():
            return Project(candidate)
    raise ProjectError(f"{folder or here.parents[2]}: no project here ({HEADER} is missing)")


def releases_folder(project: Project) -> Path:
    """Return where releases of ``project`` go by default.

    Beside the sources in a checkout; in the user's data folder when the project came inside a wheel,
    since an installed package may not be written to.
    """
    if Path(__file__).resolve().parent not in project.root.parents:
        return project.root / "releases"
    import platformdirs  # noqa: PLC0415  # a checkout has no use for it

    return platformdirs.user_data_path("legation") / "releases"
