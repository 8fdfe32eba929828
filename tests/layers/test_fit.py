import pytest


def test_a_list_without_a_blank_after_its_dash_is_warned_of(project):
    project.layer("default", "security:\n  allowed_hosts:\n    -localhost\n    -example.org\n")
    (warning,) = [found for found in project.manager().snapshot.warnings if found.code == "suspicious-list"]
    assert (warning.key, str(warning.origin)) == ("security.allowed_hosts", "settings/default.yaml:3:5")


def test_the_first_twenty_unknown_keys_get_a_suggestion(project):
    project.layer("default", "server:\n" + "".join(f"  port{chr(97 + number)}: 1\n" for number in range(25)))
    hints = [problem.hint for problem in project.error().problems]
    assert hints == ["did you mean server.port?"] * 20 + [None] * 5


@pytest.mark.parametrize(
    ("layer", "hint"),
    [
        (
            "ml: {feature_engineering: {enabled: 1, fraud_features: 1, anomaly_features: 1, products: 1}}",
            "settings of ml.feature_engineering that are not given here: interaction_features, total_features",
        ),
        (
            "{app_name: a, debug: 0, server: {}, database: {}, cache: {}, generation: {}, ml: {}, tokens: {}}",
            "sections and settings that are not given here: environment, version, monitoring, security",
        ),
        (
            "server: {processes: 1, host: a}",
            "settings of server that are not given here: port, workers, timeout, reload, log_level, cors_origins, "
            "max_request_size",
        ),
        (
            "security: {token: 1}",
            "settings of security that are not given here: api_key_enabled, api_keys, jwt_enabled, jwt_secret, "
            "jwt_algorithm, jwt_expiry, rate_limit_enabled, rate_limit_requests and 6 more",
        ),
    ],
)
def test_a_key_that_is_no_slip_is_told_what_its_section_has_and_the_layer_does_not_give(project, layer, hint):
    """Most often it is the name that another program has for one of these."""
    project.layer("development", f"{layer}\n")
    assert project.problem().hint == hint


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("server:\n  port = 1\n", "2:3"),
        ("server:\n  port 1\n", "2:3"),
        ("port = 1\n", "1:1"),
        ("server: 8000\n", "1:9"),
    ],
)
def test_text_in_the_place_of_settings_may_have_lost_its_colon(project, text, place):
    project.layer("default", text)
    problem = project.problem()
    assert (problem.code, str(problem.origin)) == ("not-a-mapping", f"settings/default.yaml:{place}")
    assert problem.hint == "this is text; each key is followed by a colon and a space"
