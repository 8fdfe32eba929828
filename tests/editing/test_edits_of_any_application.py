"""Layer files of any application are edited, whatever its settings and environments are."""

from __future__ import annotations

import pytest
from shop import SHOP

from synfinance_settings import EditError, SettingsError, UnknownKeyError
from synfinance_settings.editing.changes import LayerFiles
from synfinance_settings.editing.edits import rollback_edit, setting_edit, unsetting_edit
from synfinance_settings.editing.import_edit import import_edit
from synfinance_settings.layers.project import find_project

DEFAULT = "motto: sell  # loud\ncart:\n  limit: 5\n"


@pytest.fixture
def layers(tmp_path):
    """The layers of the shop, of which that of the environment qa has no file yet."""
    folder = tmp_path / "settings"
    folder.mkdir()
    (folder / "default.yaml").write_text(DEFAULT)
    return LayerFiles(find_project(SHOP, environ={}, settings_dir=folder), tmp_path / "state")


def put(key, value):
    return setting_edit(SHOP, key, value, allow_secret=False, from_stdin=False)


def test_a_value_is_set_taken_out_and_brought_back(layers):
    layers.change({"qa": put("cart.limit", "6")}, "set")
    layers.change({"qa": put("motto", "lend")}, "set")
    path, text = layers.read("qa")
    assert text.endswith("motto: lend\ncart:\n  limit: 6\n")
    layers.change({"qa": unsetting_edit(SHOP, "cart")}, "unset")
    assert "limit" not in layers.read("qa")[1]
    edit, version = rollback_edit(layers.history, "qa", layers.read("qa"), None)
    layers.change({"qa": edit}, "rollback")
    assert (layers.read("qa")[1], version.environment) == (text, "qa")
    assert path.name == "qa.yaml"


def test_what_does_not_fit_or_is_none_of_its_keys_is_not_written(layers):
    with pytest.raises(SettingsError, match=r"cart\.limit must be at most 99"):
        layers.change({"qa": put("cart.limit", "100")}, "set")
    with pytest.raises(UnknownKeyError, match=r"did you mean cart\.limit"):
        put("cart.limt", "6")
    with pytest.raises(UnknownKeyError, match="SHOP_TOKEN is a variable"):
        put("SHOP_TOKEN", "x")
    assert layers.read("qa")[1] is None


def test_a_secret_is_refused_with_the_variable_that_it_belongs_in(layers):
    with pytest.raises(EditError, match="set SHOP_TOKEN or SHOP_TOKEN_FILE instead"):
        put("till.token", "hush")


def test_what_a_file_says_otherwise_is_imported(layers, tmp_path):
    file = tmp_path / "other.yaml"
    file.write_text("cart: {limit: 5, currencies: [INR]}\n")
    layers.change({"qa": import_edit(layers.project, "qa", file, full=False, allow_secret=False)}, "import")
    assert layers.read("qa")[1].endswith("cart:\n  currencies: [INR]\n")
