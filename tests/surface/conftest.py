"""The agents of the tools' tests: what they are offered beside the tools is tested through the same door."""

from tools.conftest import _no_settings_of_the_developer, account, agent, era, sandbox

__all__ = ["_no_settings_of_the_developer", "account", "agent", "era", "sandbox"]
