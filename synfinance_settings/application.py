"""An application with its doors: what a program calls its own settings, and all that is done with them.

    from synfinance_settings import Application, Section, Whole, setting

    class ShopConfig(Section):
        limit: Whole = setting(20, "Most items of a cart.", ge=1)

    app = Application(ShopConfig, prefix="SHOP_")
    settings = app.settings

What the settings are is said by `model.application`; the rest of the package is imported when a door is opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from synfinance_settings.errors import door
from synfinance_settings.model.application import Application as Value
from synfinance_settings.model.application import Model_co

if TYPE_CHECKING:
    import click

    from synfinance_settings.layers.report import ValidationReport
    from synfinance_settings.live.manager import ConfigManager
    from synfinance_settings.model.section import Section
    from synfinance_settings.testing import Override


class Application(Value[Model_co]):
    """The settings of one program: their `model`, the `prefix` of their variables, the `rules` between them.

    `name` is what people call the program, else what the prefix says. The first of the `environments` is that of a
    process of which nothing says where it runs. `short_variables` maps keys, of sections and of settings, to short
    names that their variables have as well, without the prefix; `settings_dir_name` is what the folder of the layers
    is called; `version` is the program's own, which decides what is gone of old names and rules. It is immutable; to a
    type checker it is an application of its model: ``Application[ShopConfig]``.
    """

    @property
    def settings(self) -> Model_co:
        """The settings of this process: reads like the model, loads at the first read, always shows what is in force.

        It has `snapshot()`, `get(key)`, `as_dict()`, `from_env(environment)` and `load_or_exit()` besides, of which a
        type checker does not know: it takes this for the model.
        """
        from synfinance_settings.live.facade import settings_of

        return settings_of(self)

    @property
    def manager(self) -> ConfigManager[Model_co]:
        """The manager of this process that `settings` shows; ``ConfigManager(app, ...)`` makes others."""
        from synfinance_settings.live.manager import ConfigManager

        return ConfigManager.shared(self)

    @property
    def commands(self) -> click.Group:
        """The admin commands: for a console script of the program, or below a group of click that it has already."""
        from synfinance_settings.cli.group import group_for

        return group_for(self)

    @door
    def override(self, **keys: Any) -> Override[Model_co]:
        """Other values for a while, in tests: ``with app.override(cart__limit=3):``, or as a decorator."""
        from synfinance_settings.testing import Override

        return Override(self, **keys)

    def load_or_exit(self) -> None:
        """Load, or print on stderr what ``validate`` prints and end the process with 1: for the first line of a
        program.
        """
        settings: Any = self.settings
        settings.load_or_exit()

    def check_config(self, config: Section, environment: str | None = None) -> ValidationReport:
        """What a load would say of a config that was built by hand: the rules of `environment`, told and not raised.

        Without a name it is the environment that the config says, else the first one. Raises `EnvironmentNameError`.
        """
        from synfinance_settings.layers.report import judged

        name: str = getattr(config, "environment", self.environments[0].name) if environment is None else environment
        return judged(self, config, self.environment(name))
