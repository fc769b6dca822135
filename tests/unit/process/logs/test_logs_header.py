import pytest
from log_reading import events

UTC_0526 = 1795152402.0  # 2026-11-20T05:26:42Z

HEADERS = [
    # line, epoch time, level, component, logger, pid, text
    ("2026-11-20T05:26:42Z gateway: listening", UTC_0526, None, None, "gateway", None, "listening"),
    ("2026-11-20T06:26:42.500+01:00 [info] <0.812.0> accepted", UTC_0526 + 0.5, "info", None, None, None, "accepted"),
    ("2026-11-20 05:26:42,123 - shop.cart - WARNING - cart is old", UTC_0526 + 0.123, "warning", None, "shop.cart", None, "cart is old"),
    ("2026-11-20 05:26:42.250  INFO 4711 --- [main] c.e.Shop : up", UTC_0526 + 0.25, "info", None, "c.e.Shop", "4711", "up"),
    ("2026-11-20 05:26:42 ERROR [worker-3] com.shop.Cart: cannot save", UTC_0526, "error", None, "com.shop.Cart", None, "cannot save"),
    ("2026-11-20 05:26:42.042 UTC [64] LOG:  checkpoint complete", UTC_0526 + 0.042, "info", None, None, "64", "checkpoint complete"),
    (
        "2026-11-20 05:26:42.042 CET [64] app@shop/web FATAL:  no slots",
        UTC_0526 + 0.042 - 3600,
        "critical",
        None,
        "app@shop/web",
        "64",
        "no slots",
    ),
    ("[2026-11-20 05:26:42 +0000] [41] [INFO] Booting worker", UTC_0526, "info", None, None, "41", "Booting worker"),
    ("2026/11/20 05:26:42 [error] 81#81: *721 connect() failed", UTC_0526, "error", None, None, "81", "connect() failed"),
    ("Nov 20 05:26:42 web01 sshd[123]: session opened", UTC_0526, None, "sshd", None, "123", "session opened"),
    ("<13>Nov 20 05:26:42 web01 cron[9]: job done", UTC_0526, None, "cron", None, "9", "job done"),
    ("[Fri Nov 20 05:26:42 2026] [error] child died", UTC_0526, "error", None, None, None, "child died"),
    ("[Fri Nov 20 05:26:42.000123 2026] [core:notice] [pid 7] resuming", UTC_0526 + 0.000123, "notice", None, "core", None, "resuming"),
    ("75:M 20 Nov 2026 05:26:42.364 * Ready", UTC_0526 + 0.364, None, None, None, "75", "Ready"),
    ("20-Nov-2026 05:26:42.364 SEVERE [http-1] org.apache.Tomcat.run failed", UTC_0526 + 0.364, "error", None, "http-1", None, None),
    (
        "E1120 05:26:42.123456    1234 controller.go:42] sync failed",
        UTC_0526 + 0.123456,
        "error",
        None,
        "controller.go:42",
        "1234",
        "sync failed",
    ),
    ("11-20 05:26:42.811  1702  2395 D WindowManager: drawn", UTC_0526 + 0.811, "debug", None, "WindowManager", "1702", "drawn"),
    ("261120 052642 148 INFO dfs.Node: served", UTC_0526, "info", None, "dfs.Node", "148", "served"),
    ("1795152402 host7 WARN disk is slow", UTC_0526, "warning", None, "host7", None, "disk is slow"),
    ("1795152402.500 INFO up", UTC_0526 + 0.5, "info", None, None, None, "up"),
    ("1795152402500 INFO up", UTC_0526 + 0.5, "info", None, None, None, "up"),
    ("ERROR 2026-11-20 05:26:42,123 cannot save", UTC_0526 + 0.123, "error", None, None, None, "cannot save"),
    ("11/20/2026 05:26:42 AM ERROR cannot save", UTC_0526, "error", None, None, None, "cannot save"),
    ("Nov 20, 2026 5:26:42 PM INFO up", UTC_0526 + 43_200, "info", None, None, None, "up"),
    ("2026.11.20 05:26:42 | WARNING | cart is old", UTC_0526, "warning", None, None, None, "cart is old"),
    ("2026/11/20 - 05:26:42 | WARNING | slow", UTC_0526, "warning", None, None, None, "slow"),
    ("2026-11-20\t05:26:42\tERROR\tcannot save", UTC_0526, "error", None, None, None, "cannot save"),
    ("web_1  | 2026-11-20 05:26:42 INFO up", UTC_0526, "info", "web_1", None, None, "up"),
]


@pytest.mark.parametrize(("line", "at", "level", "component", "logger", "pid", "text"), HEADERS, ids=[row[0][:40] for row in HEADERS])
def test_a_header_is_told_from_its_message(
    line: str, at: float, level: str | None, component: str | None, logger: str | None, pid: str | None, text: str | None
) -> None:
    read = events([line] * 5)[3]
    assert read.at == pytest.approx(at, abs=1e-4)
    assert (read.level, read.component, read.pid) == (level, component, pid)
    assert logger is None or read.logger == logger
    assert text is None or read.text == text


def test_a_level_alone_is_a_header_when_every_line_begins_with_it() -> None:
    assert [(event.level, event.text) for event in events(["INFO: up", "ERROR: cannot bind", "WARN: slow"])] == [
        ("info", "up"),
        ("error", "cannot bind"),
        ("warning", "slow"),
    ]


def test_prose_has_no_header() -> None:
    lines = ["connection from here at Sat Jul  9 12:59:44 2005", "nothing else", "the info is missing"] * 5
    assert [event.text for event in events(lines)] == lines


def test_two_formats_in_one_file_are_both_learned() -> None:
    lines = [
        line for n in range(20) for line in (f"2026-11-20 05:26:{n:02d} INFO step {n}", f"Nov 20 05:26:{n:02d} web01 cron[9]: job {n}")
    ]
    read = events(lines)
    assert all(event.at for event in read)
    assert {event.text.split()[0] for event in read} == {"step", "job"}


def test_a_format_that_begins_late_in_the_file_is_learned_then() -> None:
    lines = [f"2026-11-20 05:{n // 60:02d}:{n % 60:02d} INFO step {n}" for n in range(1_500)]
    lines += [f"[Fri Nov 20 06:{n // 60:02d}:{n % 60:02d} 2026] [error] child {n} died" for n in range(300)]
    late = events(lines)[-1]
    assert (late.level, late.text) == ("error", "child 299 died")


@pytest.mark.parametrize(
    ("line", "year"),
    [
        ("Nov 20 05:26:42 web01 sshd[123]: opened", 2026),
        ("Dec 30 05:26:42 web01 sshd[123]: opened", 2025),
        ("Feb 29 05:26:42 web01 sshd[1]: x", None),
    ],
)
def test_a_year_that_is_not_written_is_the_last_one_before_now(line: str, year: int | None) -> None:
    at = events([line] * 3)[0].at
    assert (at is None) == (year is None)
    if at is not None:
        assert 1970 + int(at / 31_556_952) == year


def test_the_text_of_a_line_can_tell_the_year() -> None:
    lines = ["Jun 14 15:16:01 combo ftpd[3]: connection at Tue Jun 14 15:16:01 2005"] * 3
    assert 1970 + int((events(lines)[0].at or 0) / 31_556_952) == 2005


def test_a_time_of_day_moves_on_at_midnight() -> None:
    read = events(["23:59:59.000 INFO a", "00:00:01.000 INFO b"])
    assert read[1].at - read[0].at == 2.0
