"""What a protection needs before it may be on."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from synfinance_settings import SecurityConfig


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("api_key_enabled: true", ["security.api_keys"]),
        ("api_key_enabled: true, api_keys: []", ["security.api_keys"]),
        ("api_key_enabled: true, api_keys: ' , ,'", ["security.api_keys"]),
        ("jwt_enabled: true", ["security.jwt_secret"]),
        ("jwt_enabled: true, jwt_secret: '  '", ["security.jwt_secret"]),
        ("ssl_enabled: true", ["security.ssl_cert_path", "security.ssl_key_path"]),
        ("ssl_enabled: true, ssl_cert_path: x", ["security.ssl_key_path"]),
        ("ssl_enabled: true, ssl_cert_path: x, ssl_key_path: ' '", ["security.ssl_key_path"]),
    ],
)
def test_a_protection_without_what_it_needs_is_an_error(project, text, missing):
    project.layer("default", f"security: {{{text}}}")
    problems = project.error().problems
    assert {problem.code for problem in problems} == {"inconsistent"}
    assert [need in problem.message for need, problem in zip(missing, problems, strict=True)] == [True] * len(missing)


def test_protections_with_what_they_need_are_good(project):
    project.layer(
        "default",
        "security: {api_key_enabled: on, api_keys: ', k,', jwt_enabled: on, jwt_secret: s,"
        " ssl_enabled: on, ssl_cert_path: c, ssl_key_path: k}",
    )
    assert project.load().security.has_api_key


def test_blank_items_are_no_keys():
    assert not SecurityConfig.model_construct(api_keys=(SecretStr(""), SecretStr(" "))).has_api_key
    assert not SecurityConfig().has_api_key
