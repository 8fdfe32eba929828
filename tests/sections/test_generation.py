"""What the rates and the dates of a generation must agree on."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(("fraud", "anomaly"), [("0.7", "0.3"), ("1", "0"), ("0.9", "0.1000000001"), ("0.1", "0.9")])
def test_rates_may_add_up_to_one(project, fraud, anomaly):
    project.layer("default", f"generation: {{fraud_rate: {fraud}, anomaly_rate: {anomaly}}}")
    assert project.load().generation.fraud_rate == float(fraud)


@pytest.mark.parametrize(("fraud", "anomaly"), [("0.7", "0.4"), ("1", "1e-8"), ("0.5", "0.50001")])
def test_rates_may_not_add_up_to_more(project, fraud, anomaly):
    project.layer("default", f"generation:\n  fraud_rate: {fraud}\n  anomaly_rate: {anomaly}\n")
    assert project.problems() == [("inconsistent", "generation.anomaly_rate", "settings/default.yaml:3:17")]


def test_a_period_may_be_one_day(project):
    project.layer("default", "generation: {start_date: 2024-05-01, end_date: 2024-05-01}")
    assert project.load().generation.end_date.isoformat() == "2024-05-01"


def test_a_period_may_not_end_before_it_begins(project):
    project.layer("default", "generation: {start_date: 2025-01-01}")
    problem = project.problem()
    assert (problem.code, problem.key) == ("inconsistent", "generation.end_date")
    assert str(problem.origin) == "settings/default.yaml:1:26"


def test_both_contradictions_are_told_at_once(project):
    project.layer("default", "generation: {fraud_rate: 1, anomaly_rate: 1, start_date: 2025-01-01}")
    assert [problem.key for problem in project.error().problems] == ["generation.anomaly_rate", "generation.end_date"]


def test_a_value_that_is_wrong_itself_is_no_contradiction(project):
    project.layer("default", "generation: {fraud_rate: 1, anomaly_rate: many}")
    assert [problem.code for problem in project.error().problems] == ["wrong-type"]
