from parcels.mail import confirm


def test_a_customer_and_the_archive_are_told_the_number():
    sent = []
    assert confirm(4711, "ann@home.example", lambda *mail: sent.append(mail))
    ((sender, recipients, subject, text),) = sent
    assert sender.endswith("@shop.example")
    assert recipients[0] == "ann@home.example"
    assert "archive@shop.example" in recipients
    assert "4711" in subject
    assert "4711" in text
