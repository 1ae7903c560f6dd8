"""Objects of CASE and UCO."""

from __future__ import annotations

from workbench.package.vocabulary import file, node, reference, references, time


def test_a_name_follows_from_what_is_described() -> None:
    """The same thing has the same name, another one another."""
    one, other = node("uco-tool:Tool", "a", "1"), node("uco-tool:Tool", "a", "2")

    assert node("uco-tool:Tool", "a", "1") == one
    assert one["@id"] != other["@id"]
    assert str(one["@id"]).startswith("kb:")
    assert [{"@id": one["@id"]}, {"@id": other["@id"]}] == references([one, other])
    assert references([one]) == [reference(one)]


def test_properties_are_written_as_the_ontology_names_them() -> None:
    """What is not known is left out."""
    found = node("t", uco_core__name="n", uco_core__description=None)

    assert {"@id": found["@id"], "@type": "t", "uco-core:name": "n"} == found


def test_a_file_has_its_hash_and_size() -> None:
    """As facets; of a file elsewhere the size is not known."""
    facets = file("a/b", "0" * 64, 7)["uco-core:hasFacet"]

    assert isinstance(facets, list)
    by_type = {facet["@type"]: facet for facet in facets}
    told, content = by_type["uco-observable:FileFacet"], by_type["uco-observable:ContentDataFacet"]
    assert (
        told["uco-observable:fileName"],
        told["uco-observable:filePath"],
        content["uco-observable:sizeInBytes"],
    ) == ("b", "a/b", 7)
    (digest,) = content["uco-observable:hash"]
    assert digest["uco-types:hashValue"]["@value"] == "0" * 64
    assert "sizeInBytes" not in str(file("a", "0" * 64))


def test_a_time_has_its_type() -> None:
    """Otherwise it is a text to whoever reads it."""
    assert time("2026-01-01T00:00:00Z") == {
        "@type": "xsd:dateTime",
        "@value": "2026-01-01T00:00:00Z",
    }
