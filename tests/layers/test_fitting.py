def test_a_list_without_a_blank_after_its_dash_is_warned_of(project):
    project.layer("default", "security:\n  allowed_hosts:\n    -localhost\n    -example.org\n")
    (warning,) = [found for found in project.manager().snapshot.warnings if found.code == "suspicious-list"]
    assert (warning.key, str(warning.origin)) == ("security.allowed_hosts", "settings/default.yaml:3:5")
