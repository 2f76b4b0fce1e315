"""A pytest plugin: a first counterexample will do, the smallest is not looked for."""

from hypothesis import Phase, settings

settings.register_profile(
    "mutation", phases=[Phase.explicit, Phase.generate], database=None, deadline=None
)
