from astro.store.settings import differences, settings_hash

OLD = {"name": "a", "search": {"k": 8, "c_puct": 1.0}, "output": {"folder": "x"}}


def test_the_hash_ignores_what_is_only_speed() -> None:
    """Ignored keys and whole ignored sections do not change the hash; any other value does."""
    other = {"name": "b", "search": {"k": 8, "c_puct": 1.0}, "output": {"folder": "y"}}
    assert settings_hash(OLD, {"name", "output"}) == settings_hash(other, {"name", "output"})
    assert settings_hash(OLD) != settings_hash(other)
    searched = {**OLD, "search": {"k": 8, "c_puct": 2.0}}
    assert settings_hash(OLD, {"search.c_puct"}) == settings_hash(searched, {"search.c_puct"})


def test_differences_name_old_and_new_values() -> None:
    """One line a setting, with both values; settings that one side lacks are there too."""
    new = {"name": "a", "search": {"k": 4, "m": 2}, "output": {"folder": "z"}}
    assert differences(OLD, new, {"output"}) == [
        "search.k: 8 before, 4 now",
        "search.c_puct: 1.0 before, (absent) now",
        "search.m: (absent) before, 2 now",
    ]


def test_the_same_settings_do_not_differ() -> None:
    """Equal settings give no line."""
    assert differences(OLD, dict(OLD)) == []
