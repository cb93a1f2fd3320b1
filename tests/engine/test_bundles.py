"""Bundles are found by name and by folder, and what is neither is one sentence."""

from pathlib import Path

import pytest

from firmware.engine.bundles import find_bundle
from firmware.errors import BundleError


def test_any_folder_with_a_manifest_is_a_bundle(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    assert find_bundle(str(tmp_path)) == tmp_path


@pytest.mark.parametrize(
    "text",
    ["nothing", "long" * 100, "far/" * 2000, "a\0b", "\udc80", " "],
    ids=["missing", "name too long", "path too long", "NUL", "no text", "blank"],
)
def test_a_name_that_nothing_has_or_can_have_is_one_short_sentence(text: str) -> None:
    with pytest.raises(BundleError, match="there is no bundle") as caught:
        find_bundle(text)
    assert len(caught.value.message) < 160
    assert caught.value.remedy.startswith("installed: ")
