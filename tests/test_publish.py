"""Publishing: from authored files to a frozen release, whole or not at all, and twice the same."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import rdflib
from pyoxigraph import (
    CanonicalizationAlgorithm,
    Dataset,
    DefaultGraph,
    NamedNode,
    Quad,
    RdfFormat,
    Store,
    Triple,
    parse,
)

from legation.namespaces import BASE, GRAPH, ID, LEG, ONTOLOGY, PREFIXES, RELEASE
from legation.project import HEADER, Project
from legation.publish.describe import UNMEASURED
from legation.publish.freeze import (
    ConflictError,
    add_twins,
    content_digest,
    entries,
    file_entry,
    freeze,
    staging,
    write_files,
)
from legation.release import CHANGES, CURRENT, MANIFEST, Manifest, Release, ReleaseError, open_release
from legation.terms import to_oxigraph
from tests.projects import edit, legation, respell, slim_project

GRAPHS = ("legation", "ontology", "shapes")
FORMATS = {
    "ttl": RdfFormat.TURTLE,
    "nt": RdfFormat.N_TRIPLES,
    "rdf": RdfFormat.RDF_XML,
    "jsonld": RdfFormat.JSON_LD,
}

PREFLABEL = f"<{PREFIXES['skos']}prefLabel>"
RDFLIB_WARNS = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
"""rdflib's own JSON-LD parser uses what rdflib deprecates."""


def rdfc10(triples: set[Triple]) -> str:
    """Return the RDFC-1.0 digest of a graph."""
    dataset = Dataset(Quad(t.subject, t.predicate, t.object, DefaultGraph()) for t in triples)
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    lines = sorted(f"{quad.triple} .\n" for quad in dataset)
    return hashlib.sha256("".join(lines).encode("utf-8")).hexdigest()


def by_oxigraph(path: Path) -> set[Triple]:
    suffix = path.name.removesuffix(".gz").rpartition(".")[2]
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return {quad.triple for quad in parse(content, FORMATS[suffix])}


def by_rdflib(path: Path) -> set[Triple]:
    formats = {"ttl": "turtle", "nt": "nt", "rdf": "xml", "jsonld": "json-ld"}
    graph = rdflib.Graph(bind_namespaces="none").parse(path, format=formats[path.suffix[1:]])
    return {to_oxigraph(triple) for triple in graph}


# What a release holds


def test_the_manifest_names_every_file_with_its_size_and_digest(release: Path) -> None:
    manifest = open_release(release).manifest
    found = {path.relative_to(release).as_posix() for path in release.rglob("*") if path.is_file()}
    assert found == {*manifest.files, MANIFEST}
    for name, entry in manifest.files.items():
        assert file_entry(release / name, name) == entry
    assert content_digest(manifest.files) == manifest.digest


def test_every_download_has_a_gzipped_twin_without_a_time(release: Path) -> None:
    names = set(open_release(release).manifest.files)
    for name in (name for name in names if not name.endswith(".gz")):
        twin = (release / f"{name}.gz").read_bytes()
        assert gzip.decompress(twin) == (release / name).read_bytes()
        assert twin[4:8] == b"\0\0\0\0"


@pytest.mark.parametrize("name", GRAPHS)
def test_oxigraph_reads_the_same_graph_from_every_format(release: Path, name: str) -> None:
    digests = {rdfc10(by_oxigraph(release / f"{name}.{suffix}")) for suffix in FORMATS}
    assert len(digests) == 1


@RDFLIB_WARNS
@pytest.mark.parametrize("name", ["ontology", "shapes"])
def test_rdflib_reads_that_graph_from_every_format(release: Path, name: str) -> None:
    wanted = rdfc10(by_oxigraph(release / f"{name}.nt"))
    for suffix in FORMATS:
        assert rdfc10(by_rdflib(release / f"{name}.{suffix}")) == wanted, suffix


@RDFLIB_WARNS
@pytest.mark.parametrize("suffix", ["ttl", "jsonld"])
def test_rdflib_reads_the_whole_graph_from_turtle_and_json_ld(release: Path, suffix: str) -> None:
    assert rdfc10(by_rdflib(release / f"legation.{suffix}")) == rdfc10(by_oxigraph(release / "legation.nt"))


def test_the_quads_are_sorted_and_the_trig_says_the_same(release: Path) -> None:
    lines = (release / "dataset.nq").read_bytes().splitlines(keepends=True)
    assert lines == sorted(lines)
    quads = set(parse((release / "dataset.trig").read_bytes(), RdfFormat.TRIG))
    assert Dataset(quads) is not None
    assert {str(quad) for quad in parse(b"".join(lines), RdfFormat.N_QUADS)} == {str(quad) for quad in quads}


def test_the_manifest_gives_each_graph_its_size_and_canonical_digest(
    release: Path, release_graph: Store
) -> None:
    manifest = open_release(release).manifest
    assert {graph.value for graph in release_graph.named_graphs() if isinstance(graph, NamedNode)} == set(
        manifest.graphs
    )
    for iri, entry in manifest.graphs.items():
        triples = {q.triple for q in release_graph.quads_for_pattern(None, None, None, NamedNode(iri))}
        assert (len(triples), rdfc10(triples)) == (entry.triples, entry.rdfc10), iri


def test_the_union_holds_every_graph_but_the_shapes_and_the_metadata(
    release: Path, release_graph: Store
) -> None:
    apart = {NamedNode(f"{GRAPH}shapes"), NamedNode(f"{GRAPH}meta")}
    union = {quad.triple for quad in release_graph if quad.graph_name not in apart}
    assert rdfc10(by_oxigraph(release / "legation.ttl")) == rdfc10(union)


def test_the_download_of_the_data_passes_the_download_of_the_shapes(release: Path) -> None:
    command = [sys.executable, "-m", "pyshacl", "-s", "shapes.ttl", "legation.ttl"]
    run = subprocess.run(command, cwd=release, capture_output=True, text=True, check=False)
    assert (run.returncode, "Conforms: True" in run.stdout) == (0, True), (
        run.stdout[:4000] + run.stderr[-2000:]
    )


def test_json_ld_is_compact_under_the_published_context(release: Path) -> None:
    context = json.loads((release / "context.jsonld").read_text(encoding="utf-8"))["@context"]
    document = json.loads((release / "legation.jsonld").read_text(encoding="utf-8"))
    assert document["@context"] == context
    nodes = {node["@id"]: node for node in document["@graph"]}
    morocco = nodes[f"{ID}state/morocco"]
    assert "State" in morocco["@type"]
    assert morocco["skos:prefLabel"]["fr"] == "Maroc"
    assert isinstance(next(node for node in nodes.values() if "holder" in node)["holder"], str)


def test_every_term_is_stamped_with_its_origin_its_version_and_its_twins_in_rdfs(release: Path) -> None:
    graph = by_oxigraph(release / "ontology.ttl")
    version = open_release(release).manifest.version
    said = {(str(t.subject), t.predicate.value, str(t.object)) for t in graph}
    terms = {subject for subject, _, _ in said if subject.startswith(f"<{LEG}")}
    for term in terms:
        assert (term, f"{PREFIXES['rdfs']}isDefinedBy", f"<{ONTOLOGY}>") in said
        assert (term, f"{PREFIXES['owl']}versionInfo", f'"{version}"') in said
    twins = {"Class": "rdfs:Class", "ObjectProperty": "rdf:Property", "DatatypeProperty": "rdf:Property"}
    for subject, predicate, value in said:
        if subject in terms and predicate.endswith("#type") and value.startswith(f"<{PREFIXES['owl']}"):
            twin = twins.get(value.removeprefix(f"<{PREFIXES['owl']}").rstrip(">"))
            prefix, _, local = (twin or ":").partition(":")
            assert twin is None or (subject, predicate, f"<{PREFIXES[prefix]}{local}>") in said
        if subject in terms and predicate == f"{PREFIXES['skos']}prefLabel":
            assert (subject, f"{PREFIXES['rdfs']}label", value) in said


def test_the_metadata_states_size_and_digest_of_every_download_that_can_be_measured(release: Path) -> None:
    manifest = open_release(release).manifest
    graph = rdflib.Graph(bind_namespaces="none").parse(release / "meta.ttl", format="turtle")
    spdx, dcat = rdflib.Namespace(PREFIXES["spdx"]), rdflib.Namespace(PREFIXES["dcat"])
    stated = 0
    for distribution, url in graph.subject_objects(dcat.downloadURL):
        entry = manifest.files[str(url).removeprefix(f"{RELEASE}{manifest.version}/")]
        assert str(graph.value(distribution, dcat.mediaType)).endswith(entry.media_type)
        checksum = graph.value(distribution, spdx.checksum)
        if checksum is not None:
            stated += 1
            assert str(graph.value(checksum, spdx.checksumValue)) == entry.sha256
            assert int(str(graph.value(distribution, dcat.byteSize))) == entry.bytes
    assert stated == len([name for name in manifest.files if not name.endswith(".gz")]) - len(UNMEASURED)


def test_every_own_iri_in_the_metadata_is_under_the_release_or_one_of_a_few_places(release: Path) -> None:
    """Each of them is looked up at the release; a place that nothing answers for must not creep in."""
    places = (f"{RELEASE}{open_release(release).manifest.version}", GRAPH, ONTOLOGY, f"{BASE}sparql", LEG)
    for triple in by_oxigraph(release / "meta.ttl"):
        for term in (triple.subject, triple.object):
            if isinstance(term, NamedNode) and term.value.startswith(BASE) and term.value != BASE:
                assert term.value.startswith(places), term


def test_the_making_names_every_authored_file_with_its_digest(release: Path, project: Project) -> None:
    graph = rdflib.Graph(bind_namespaces="none").parse(release / "meta.ttl", format="turtle")
    prov, spdx = rdflib.Namespace(PREFIXES["prov"]), rdflib.Namespace(PREFIXES["spdx"])
    identifier = rdflib.URIRef(f"{PREFIXES['dcterms']}identifier")
    used = {
        str(graph.value(entity, identifier)): str(
            graph.value(graph.value(entity, spdx.checksum), spdx.checksumValue)
        )
        for entity in graph.objects(None, prov.used)
    }
    files = [*project.turtle_files(), *project.question_files()]
    assert used == {project.name_of(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_tables_have_a_row_for_every_claim(release: Path, release_graph: Store) -> None:
    rdf_type = NamedNode(f"{PREFIXES['rdf']}type")
    names = {"tenures": "Tenure", "memberships": "Membership", "participations": "Participation"}
    for table, name in ({**names, "agreements": "Agreement", "attributes": "Attribute"}).items():
        text = (release / "tables" / f"{table}.csv").read_text(encoding="utf-8")
        rows = list(csv.DictReader(io.StringIO(text)))
        claims = {
            q.subject for q in release_graph.quads_for_pattern(None, rdf_type, NamedNode(LEG + name), None)
        }
        assert {f"<{row['claim']}>" for row in rows} == {str(claim) for claim in claims}


# Publishing as a user does


@pytest.fixture(scope="module")
def slim(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A small project that publishes; tests copy it before they break it."""
    return slim_project(tmp_path_factory.mktemp("slim"))


@pytest.fixture(scope="module")
def published(slim: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of releases with that project's release in it."""
    releases = tmp_path_factory.mktemp("published")
    run = legation("publish", "--project", slim.root, "--releases", releases, seed="1")
    assert (run.returncode, run.stderr) == (0, ""), run.stdout + run.stderr
    return releases


@pytest.fixture
def copies(slim: Project, published: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A copy of the project and of its releases."""
    for folder, name in ((slim.root, "project"), (published, "releases")):
        subprocess.run(["cp", "-a", folder, tmp_path / name], check=True)
    return tmp_path / "project", tmp_path / "releases"


def state(releases: Path) -> tuple[str, dict[str, str]]:
    """Return what ``current`` points at, and the digest of every file below."""
    files = {
        path.relative_to(releases).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in releases.rglob("*")
        if path.is_file() and not path.is_symlink()
    }
    return os.readlink(releases / CURRENT), files  # noqa: PTH115  # the link's text is what is tested


def raise_version(root: Path) -> None:
    for name in ("owl:versionInfo", "release/"):
        text = (root / HEADER).read_text(encoding="utf-8")
        assert name in text
    (root / HEADER).write_text(text.replace("2026.11.0", "2026.12.0"), encoding="utf-8")


def test_two_runs_give_the_same_bytes_whatever_the_order_of_sets(
    slim: Project, published: Path, tmp_path: Path
) -> None:
    run = legation("publish", "--project", slim.root, "--releases", tmp_path, "--quiet", seed="2")
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    assert state(tmp_path) == state(published)


def break_syntax(root: Path) -> tuple[str, int, str]:
    path = next((root / "data/sources").glob("*.ttl"))
    return path.name, edit(path, "leg:rank leg:", "leg:rank leg leg:"), "syntax error"


def break_shape(root: Path) -> tuple[str, int, str]:
    """Take a claim's basis away: no rule of ours says it needs one, but a shape does."""
    path = next((root / "data/sources").glob("*.ttl"))
    edit(path, "    leg:basis leg:Stated ;\n", "")
    subject = next(
        line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("claim:")
    )
    return path.name, path.read_text(encoding="utf-8").splitlines().index(subject) + 1, "legsh:"


def break_identifier(root: Path) -> tuple[str, int, str]:
    """Publish another version in which the last claim of a source is gone."""
    raise_version(root)
    path = next((root / "data/sources").glob("*.ttl"))
    text = path.read_text(encoding="utf-8")
    claims = [block for block in text.split("\n\n") if block.startswith("claim:")]
    name = claims[-1].partition("\n")[0]
    less = text.replace(f"{claims[-1]}\n\n", "")
    counted = f"leg:claimCount {len(claims)} ;"
    assert less != text
    assert counted in text
    path.write_text(less.replace(counted, f"leg:claimCount {len(claims) - 1} ;"), encoding="utf-8")
    return path.name, 1, f"{name} was published and has vanished"


def break_answer(root: Path) -> tuple[str, int, str]:
    edit(root / "tests/questions/01-names.csv", "Maroc", "Marokko")
    return "01-names.csv", 2, "the answer changed"


@pytest.mark.parametrize("break_it", [break_syntax, break_shape, break_identifier, break_answer])
def test_a_fault_stops_publishing_says_where_and_leaves_everything_as_it_was(
    copies: tuple[Path, Path], break_it: Callable[[Path], tuple[str, int, str]]
) -> None:
    root, releases = copies
    before = state(releases)
    name, line, message = break_it(root)
    run = legation("publish", "--project", root, "--releases", releases)
    assert run.returncode == 1
    faults = [text for text in run.stdout.splitlines() if f"{name}:{line}: " in text and message in text]
    assert faults, run.stdout + run.stderr
    assert state(releases) == before
    assert sorted(path.name for path in releases.iterdir()) == ["2026.11.0", CURRENT]


def test_an_inconsistency_that_only_inference_sees_stops_publishing_at_its_line(
    copies: tuple[Path, Path],
) -> None:
    """The shapes let a state have any code; that two states have one is for the reasoner to see."""
    root, releases = copies
    path = root / "data/entities/state.ttl"
    code = 'leg:isoAlpha3 "MAR"'
    edit(path, code, 'leg:isoAlpha3 "FRA"')
    respell(path)
    run = legation("publish", "--project", root, "--releases", releases)
    assert run.returncode == 1
    assert "inconsistent: " in run.stdout or "legsh:" in run.stdout, run.stdout
    assert "state.ttl:" in run.stdout


def test_the_same_content_again_changes_nothing_other_content_needs_another_version(
    copies: tuple[Path, Path],
) -> None:
    root, releases = copies
    before = state(releases)
    assert legation("publish", "--project", root, "--releases", releases).returncode == 0
    assert state(releases) == before
    edit(root / "data/entities/state.ttl", '"Maroc"@fr', '"Le Maroc"@fr')
    edit(root / "tests/questions/01-names.csv", "Maroc\nMorocco", "Le Maroc\nMorocco")
    refused = legation("publish", "--project", root, "--releases", releases)
    assert refused.returncode == 1
    assert "never edited" in refused.stderr
    assert state(releases) == before
    raise_version(root)
    assert legation("publish", "--project", root, "--releases", releases).returncode == 0
    link, files = state(releases)
    assert link == "2026.12.0"
    assert changed_names(releases / link) == [f'"changed"\t{PREFLABEL}\t"Maroc"@fr\t"Le Maroc"@fr']
    assert {name: digest for name, digest in files.items() if name.startswith("2026.11.0/")} == before[1]


def changed_names(folder: Path) -> list[str]:
    """Return what a release says it changed of Morocco, having named the release that it follows."""
    release = open_release(folder)
    assert release.manifest.previous is not None
    assert release.manifest.previous.digest == open_release(folder.parent / "2026.11.0").manifest.digest
    lines = (folder / CHANGES).read_text(encoding="utf-8").splitlines()[1:]
    assert {line.partition("/id/")[0] for line in lines} <= {f"<{BASE[:-1]}"}, lines
    return [line.partition("\t")[2] for line in lines if line.startswith(f"<{ID}state/morocco>")]


# Freezing by itself


def small_release(releases: Path, text: str, *, replace: bool = False) -> Release:
    with staging(releases, "1.0.0") as folder:
        write_files(folder, {"dataset.nq": text.encode()})
        add_twins(folder)
        files = entries(folder)
        told = Manifest("1.0.0", "2026-11-01", content_digest(files), {}, {}, files)
        return freeze(releases, told, folder, replace=replace)


def test_a_draft_can_be_replaced_on_demand(tmp_path: Path) -> None:
    small_release(tmp_path, "a")
    with pytest.raises(ConflictError):
        small_release(tmp_path, "b")
    release = small_release(tmp_path, "b", replace=True)
    assert release.dataset.read_text() == "b"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.0.0", CURRENT]


def test_a_release_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    releases = tmp_path / "releases"
    for already_there in (False, True):
        if already_there:
            releases.mkdir()
        with pytest.raises(FileNotFoundError), staging(releases, "1.0.0") as folder:
            write_files(folder, {"dataset.nq": b"", "a/b/c.nq": b""})
        assert releases.exists() == already_there
    assert list(releases.iterdir()) == []


def test_until_it_is_whole_a_release_has_no_name(tmp_path: Path) -> None:
    with staging(tmp_path, "1.0.0") as folder:
        write_files(folder, {"dataset.nq": b""})
        assert list(tmp_path.glob("[!.]*")) == []
        with pytest.raises(ReleaseError):
            open_release(tmp_path)


def test_an_incomplete_folder_is_no_release(tmp_path: Path) -> None:
    release = small_release(tmp_path, "a")
    (release.path / "dataset.nq.gz").unlink()
    with pytest.raises(ReleaseError, match=r"dataset\.nq\.gz"):
        open_release(tmp_path)
    with pytest.raises(ReleaseError, match="run `legation publish` first"):
        open_release(tmp_path / "elsewhere")


def test_a_release_once_opened_stays_that_release(tmp_path: Path) -> None:
    small_release(tmp_path, "a")
    opened: Release = open_release(tmp_path)
    assert opened.path == tmp_path / "1.0.0"
    assert os.readlink(tmp_path / CURRENT) == "1.0.0"  # noqa: PTH115  # a relative link is what is tested


# The command itself


def test_help_names_every_command_and_each_command_explains_itself() -> None:
    text = legation("--help").stdout
    for command in ("check", "format", "publish", "questions", "passage", "verify", "serve", "wikidata"):
        assert f"\n  {command} " in text
        assert legation(command, "--help").returncode == 0
    assert legation("--version").stdout.startswith("legation, version 20")


def test_a_wrong_call_exits_with_2_and_a_folder_without_a_project_with_1(tmp_path: Path) -> None:
    assert legation("publish", "--no-such-option").returncode == 2
    run = legation("publish", "--project", tmp_path)
    assert run.returncode == 1
    assert "no project here" in run.stderr
