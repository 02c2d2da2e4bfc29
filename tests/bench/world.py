"""A synthetic world of diplomatic posts, as authored files: deterministic, of any size, nobody's real life.

States, bodies, posts, people, and documents whose passages say who held which post, when, and which state
joined which body. Every file keeps the project's own rules, so it is checked and published like the real one.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from legation.namespaces import PREFIXES
from legation.project import Project, open_project
from legation.publish.canonical import canonical_text

QUADS_AT_LEAST: Final = 12_800
"""Quads of a release without any tenure: ontology, shapes, vocabularies, states and the metadata of these."""
QUADS_PER_TENURE: Final = 40.5
"""Quads that each tenure brings, with its share of people, posts, bodies, memberships and passages."""

CLAIMS_PER_DOCUMENT: Final = 40
PASSAGE: Final = 60
"""Code points of one passage."""

TENURES_PER_POST: Final = 6
POSTS_PER_BODY: Final = 12
POSTS_PER_PERSON: Final = 3
STATES: Final = 200
FIRST_YEAR: Final = 1990
TERM: Final = 3
"""Years of one tenure."""

ROLES: Final = ("PermanentRepresentative", "Ambassador", "ExecutiveDirector", "Chair", "Minister")
KINDS: Final = ("IntergovernmentalOrganization", "Forum", "Coalition", "Committee", "Ministry")

QUESTION: Final = """\
# en: How many tenures are there?
# ar: كم إفادة تولٍّ هنا؟
# fr: Combien y a-t-il de mandats ?
PREFIX leg: <https://w3id.org/legation/ontology#>
SELECT (COUNT(*) AS ?tenures) WHERE { ?tenure a leg:Tenure }
"""


@dataclass(frozen=True)
class World:
    """How many of each kind there are; all follow from the number of tenures."""

    tenures: int

    @classmethod
    def of(cls, triples: int) -> World:
        """Return a world whose release has about ``triples`` quads."""
        return cls(max(TENURES_PER_POST, round((triples - QUADS_AT_LEAST) / QUADS_PER_TENURE)))

    @property
    def posts(self) -> int:
        """Each post is held by ``TENURES_PER_POST`` people, one after another."""
        return -(-self.tenures // TENURES_PER_POST)

    @property
    def bodies(self) -> int:
        """Each body has ``POSTS_PER_BODY`` posts."""
        return -(-self.posts // POSTS_PER_BODY)

    @property
    def people(self) -> int:
        """Each person holds ``POSTS_PER_PERSON`` posts in a life."""
        return -(-self.tenures // POSTS_PER_PERSON)

    def states(self) -> Iterator[str]:
        """Yield what is said of each state."""
        for n in range(STATES):
            first, second = divmod(n, 26)
            code = chr(65 + first) + chr(65 + second)
            yield (
                f'state:s{n} a leg:State ; skos:prefLabel "State {n}"@en , "الدولة {n}"@ar , "État {n}"@fr ; '
                f'leg:isoAlpha2 "{code}" ; leg:isoAlpha3 "{code}Z" .'
            )

    def bodies_said(self) -> Iterator[str]:
        """Yield what is said of each body."""
        for n in range(self.bodies):
            kind = KINDS[n % len(KINDS)]
            yield (
                f"body:b{n} a leg:{kind} ; "
                f'skos:prefLabel "Body {n}"@en , "الهيئة {n}"@ar , "Organisme {n}"@fr .'
            )

    def posts_said(self) -> Iterator[str]:
        """Yield what is said of each post."""
        for n in range(self.posts):
            yield (
                f'post:p{n} a leg:Post ; skos:prefLabel "Post {n}"@en , "المنصب {n}"@ar , "Poste {n}"@fr ; '
                f"leg:postIn body:b{n // POSTS_PER_BODY} ; leg:role leg:{ROLES[n % len(ROLES)]} ."
            )

    def people_said(self) -> Iterator[str]:
        """Yield what is said of each person."""
        for n in range(self.people):
            yield f'person:h{n} a leg:Person ; skos:prefLabel "Person {n}"@en , "الشخص {n}"@ar .'

    def claims(self) -> Iterator[str]:
        """Yield the class and the parts of every claim: all tenures, then each body's members."""
        for n in range(self.tenures):
            post, turn = divmod(n, TENURES_PER_POST)
            start = FIRST_YEAR + turn * TERM
            holder = n * 7919 % self.people
            yield (
                f"leg:Tenure ; leg:holder person:h{holder} ; leg:post post:p{post} ; "
                f'leg:capacity leg:Substantive ; leg:start "{start}-01-15"^^xsd:date ; '
                f'leg:end "{start + TERM}-01-14"^^xsd:date ; leg:representing state:s{n % STATES}'
            )
        for body in range(self.bodies):
            for turn in range(POSTS_PER_BODY):
                yield (
                    f"leg:Membership ; leg:member state:s{(body * 31 + turn * 7) % STATES} ; "
                    f"leg:memberOfBody body:b{body} ; leg:membershipStatus concept:member ; "
                    f'leg:start "{FIRST_YEAR + turn}"^^xsd:gYear'
                )

    def documents(self) -> Iterator[tuple[str, str]]:
        """Yield the identifier and the Turtle of each document with its claims and passages."""
        batch: list[str] = []
        number = 0
        for claim in self.claims():
            batch.append(claim)
            if len(batch) == CLAIMS_PER_DOCUMENT:
                yield f"d{number}", document(f"d{number}", batch)
                batch, number = [], number + 1
        if batch:
            yield f"d{number}", document(f"d{number}", batch)


def document(name: str, claims: list[str]) -> str:
    """Return what one document says: each claim from a passage of its own."""
    said = [
        f'source:{name} a leg:Document ; dcterms:title "Document {name}"@en ; dcterms:language "en" ; '
        f'dcterms:issued "2020-01-01"^^xsd:date ; leg:characterCount {len(claims) * PASSAGE} ; '
        f'leg:claimCount {len(claims)} ; leg:fileName "{name}.txt" ; leg:publisherName "Synthesizer" ; '
        f'leg:leavesOut "Nothing."@en , "لا شيء."@ar ; '
        f'leg:sha256 "{digest(name)}" ; leg:sourceKind concept:press .'
    ]
    for n, claim in enumerate(claims, 1):
        passage = f"passage:{name}-{n}"
        said += [
            f"claim:{name}-{n} a {claim} ; leg:basis leg:Stated ; leg:rank leg:NormalRank ; "
            f"leg:evidence {passage} .",
            f"{passage} a leg:Passage ; oa:hasSource source:{name} ; oa:hasSelector {passage}-position ; "
            f'leg:sha256 "{digest(passage)}" .',
            f"{passage}-position a oa:TextPositionSelector ; "
            f"oa:start {(n - 1) * PASSAGE} ; oa:end {n * PASSAGE} .",
        ]
    return "\n".join(said)


def digest(text: str) -> str:
    """Return the SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def write_world(world: World, bundled: Project, folder: Path) -> Project:
    """Write ``world`` as a project, with the ontology, the shapes and the vocabularies of the bundled one."""
    for part in ("ontology", "shapes", "data/schemes"):
        shutil.copytree(bundled.root / part, folder / part)
    for part in ("data/entities", "data/sources", "tests/questions"):
        (folder / part).mkdir(parents=True)
    entities = {
        "state": world.states(),
        "body": world.bodies_said(),
        "post": world.posts_said(),
        "person": world.people_said(),
    }
    for kind, said in entities.items():
        write_turtle(folder / f"data/entities/{kind}.ttl", "\n".join(said))
    for name, said_there in world.documents():
        write_turtle(folder / f"data/sources/{name}.ttl", said_there)
    (folder / "tests/questions/01-tenures.rq").write_text(QUESTION, encoding="utf-8")
    (folder / "tests/questions/01-tenures.csv").write_text(f"tenures\n{world.tenures}\n", encoding="utf-8")
    return open_project(folder)


def write_turtle(path: Path, text: str) -> None:
    """Write Turtle in the project's spelling."""
    prologue = "".join(f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in PREFIXES.items())
    path.write_text(canonical_text(prologue + text), encoding="utf-8")
