import pytest

from astro.records.license import license_fields


@pytest.mark.parametrize("known", ["mit", "apache-2.0", "llama3.1", "cc-by-sa-4.0", "gemma"])
def test_an_identifier_of_the_hub_stands_alone(known):
    """The hub knows its name."""
    assert license_fields(known) == {"license": known}


@pytest.mark.parametrize(("stated", "name"), [("qwen-research", "qwen-research"), ("other", "not-stated")])
def test_another_license_has_a_name(stated, name):
    """The hub asks for license_name beside `other`."""
    assert license_fields(stated) == {"license": "other", "license_name": name}
