"""People's names in paths go; the path, and what is no person's, stays."""

import pytest

from faultmaven_events.consumers.sanitize.redact import redact

KEY = bytes(32)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ('File "/home/jdoe/app/x.py", line 3', "jdoe"),
        (r"open C:\Users\jane.doe\AppData\a.log", "jane.doe"),
        (r'{"path": "C:\\Users\\mmeier\\a.log"}', "mmeier"),
        ("/Users/anna/src/main.go:17", "anna"),
        ("cd /home/mmeier", "mmeier"),
        ("/mnt/data/home/petra/file", "petra"),
    ],
)
def test_a_name_goes_and_the_path_stays(line: str, name: str) -> None:
    text, receipt = redact(line, key=KEY)
    assert name not in text
    assert receipt.counts == {"USERNAME": 1}
    before, _, after = line.partition(name)
    assert text.startswith(f"{before}USER_")
    assert text.endswith(after)
    assert redact(text, key=KEY)[0] == text


@pytest.mark.parametrize(
    "line",
    [
        "/home/ubuntu/app/x.py",
        "/home/app/.cache/pip",
        "/home/runner/work/repo/repo/src/a.ts:3",
        "GET /home/products/list HTTP/1.1",
        '"POST /users/4711/orders" 201',
        "https://shop.example/home/offers/today",
        "/home/index.html",
        "/home/orders-svc/bin/run",
        "user/home/x",
        r"C:\Users\Public\Documents",
        "route /users/{id} and /home/:page",
    ],
)
def test_what_is_nobodys_folder_stays(line: str) -> None:
    assert redact(line, key=KEY)[0] == line


def test_the_same_person_is_the_same_token_however_the_name_is_written() -> None:
    first, second = redact("/home/JDoe/a\n/home/jdoe/b", key=KEY)[0].split("\n")
    assert first.split("/")[2] == second.split("/")[2]
