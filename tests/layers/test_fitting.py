def test_a_list_without_a_blank_after_its_dash_is_warned_of(project):
    project.layer("default", "security:\n  allowed_hosts:\n    -localhost\n    -example.org\n")
    (warning,) = [found for found in project.manager().snapshot.warnings if found.code == "suspicious-list"]
    assert (warning.key, str(warning.origin)) == ("security.allowed_hosts", "settings/default.yaml:3:5")


def test_the_first_twenty_unknown_keys_get_a_suggestion(project):
    project.layer("default", "server:\n" + "".join(f"  port{chr(97 + number)}: 1\n" for number in range(25)))
    hints = [problem.hint for problem in project.error().problems]
    assert hints == ["did you mean server.port?"] * 20 + [None] * 5
