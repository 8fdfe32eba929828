"""Settings at a prompt and in a notebook: what is shown, completed and suggested."""

from __future__ import annotations

import copy
import pickle
import re
from pathlib import Path

import pytest

import synfinance_settings
from synfinance_settings import Application, Section, Text, Whole, get_config, override, setting, settings
from synfinance_settings.model.section import NoSuchSettingError
from synfinance_settings.sections.application import SYNFINANCE

CANARY = "canary4e1b9d20"
FORGED = "<script>alert(1)</script>&\n\x1b[31m"


def test_a_slip_in_the_name_of_a_setting_is_told_with_what_was_meant():
    with pytest.raises(AttributeError) as caught:
        _ = settings.server.prt
    assert str(caught.value) == "ServerConfig has no setting 'prt'; did you mean 'port'?"
    with pytest.raises(AttributeError, match=r"AppConfig has no setting 'nonsense'$"):
        _ = get_config().nonsense
    with pytest.raises(AttributeError, match="DatabaseConfig has no setting 'sefe_url'; did you mean 'safe_url'"):
        _ = settings.database.sefe_url
    assert not hasattr(settings.server, "prt")
    assert getattr(settings.server, "prt", 1) == 1
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), str(again)) == (NoSuchSettingError, str(caught.value))


class OddConfig(Section):
    """A section with a property that breaks."""

    size: Whole = setting(1, "A size.")
    text: Text = setting("", "A text.")

    @property
    def broken(self) -> int:
        raise AttributeError("of its own")


def test_what_a_property_raises_is_left_as_it_is():
    with pytest.raises(AttributeError, match=r"^of its own$"):
        _ = OddConfig().broken
    assert copy.deepcopy(OddConfig()) == OddConfig()


def test_python_suggests_the_name_of_a_section_once(project):
    run = project.python("from synfinance_settings import settings\nsettings.server\nsettings.servr")
    assert run.stderr.splitlines()[-1].endswith("Did you mean: 'server'?")
    run = project.python("from synfinance_settings import settings\nsettings.server.prt")
    assert run.stderr.splitlines()[-1].endswith("ServerConfig has no setting 'prt'; did you mean 'port'?")


def test_dir_shows_settings_and_what_the_model_adds():
    assert dir(settings.database) == sorted({*type(settings.database).model_fields, "url", "safe_url"})
    added = {"as_dict", "from_env", "get", "load_or_exit", "snapshot"}
    assert dir(settings) == sorted({*type(get_config()).model_fields, *added})
    assert dir(Application(OddConfig, prefix="ODD_").settings) == sorted({"broken", "size", "text", *added})


def test_a_repr_is_short_and_of_one_line():
    snapshot = settings.snapshot()
    assert repr(settings) == f"<settings development, snapshot {snapshot.number}>"
    assert repr(OddConfig(text="a\nb")) == "OddConfig(size=1, text='a\\nb')"
    with override(server__host="h" * 300, database__password=CANARY, security__api_keys=[CANARY]):
        for section in (get_config(), settings.server, settings.database, settings.security):
            assert len(repr(section)) <= 100
            assert "\n" not in repr(section)
            assert CANARY not in repr(section)


def test_a_notebook_shows_a_table_without_secrets_in_which_foreign_text_is_text():
    with override(database__password=CANARY, security__api_keys=[CANARY], app_name=FORGED):
        whole, section, config = (shown._repr_html_() for shown in (settings, settings.database, get_config()))
    for text in (whole, section, config):
        assert CANARY not in text
        assert "**********" in text
        assert "<script" not in text
        assert "\x1b" not in text
        assert re.sub(r"</?(table|caption|tr|th|td)( style=\"text-align: left\")?>", "", text).count("<") == 0
    assert "&lt;script&gt;" in whole
    assert "&lt;script&gt;" in config
    assert "TCP port of the server." in section
    assert ">override<" in whole
    assert Application(OddConfig, prefix="ODD_").settings._repr_html_() is None, "nothing is loaded to be shown"


def test_ipython_completes_and_shows_them():
    completer = pytest.importorskip("IPython.core.completer", reason="install ipython to run this test")
    from IPython.core.formatters import DisplayFormatter

    with completer.provisionalcompleter():
        found = list(completer.IPCompleter(namespace={"settings": settings}).completions("settings.server.", 16))
    assert {one.text.removeprefix(".") for one in found} == set(dir(settings.server))
    shown, _ = DisplayFormatter().format(settings.server)
    assert (shown["text/plain"], shown["text/html"]) == (repr(settings.server), settings.server._repr_html_())


def test_an_editor_shows_what_a_setting_means_and_completes_its_name():
    jedi = pytest.importorskip("jedi", reason="install jedi to run this test")
    project = jedi.Project(Path(synfinance_settings.__file__).parents[1])
    text = "from synfinance_settings import settings\nsettings.server.port\n"
    (found,) = jedi.Script(text, project=project).help(2, 18)
    assert found.docstring() == SYNFINANCE.catalogue.settings["server.port"].description
    names = {one.name for one in jedi.Script(text.replace("port\n", ""), project=project).complete(2, 16)}
    assert {"host", "port", "timeout"} <= names
