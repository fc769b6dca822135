# ruff: noqa: E501 - samples are written as the tools print them
import pytest
from tests.unit.process.readings import analysed, of_kind

from faultmaven_events.consumers.process.commands import analyse_command
from faultmaven_events.schemas.insight import Insights


def read(text: str) -> Insights:
    return analysed(analyse_command, text, "out.txt", "command_output", "transcript")


SAMPLES = {
    "load over the cores": ("$ uptime; lscpu\n 10:00:01 up 9 days,  2 users,  load average: 31.20, 12.00, 4.00\nCPU(s):                          8\n", "Load is 31.2, 12, 4 over 1, 5 and 15 minutes on 8 cores and rising"),
    "waiting for disks": ("$ top -b -n1\ntop - 10:00:01 up 9 days\nTasks: 300 total,   1 running, 290 sleeping,   0 stopped,   9 zombie\n%Cpu(s):  5.0 us,  2.0 sy,  0.0 ni, 30.0 id, 63.0 wa,  0.0 hi,  0.0 si,  0.0 st\n", "waits for disks for 63 %"),
    "a greedy process": ("$ ps aux\nUSER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\nroot           1  0.0  0.1 168000 11000 ?        Ss   Jan01   0:09 /sbin/init\napp         4711 390.5 61.2 9999999 8000000 ?      Rl   10:00  99:09 /usr/bin/java -jar shop.jar\n", "Process 4711 (/usr/bin/java -jar shop.jar) uses 390.5 % CPU"),
    "stuck processes": ("$ ps -eo pid,stat,cmd\n    PID STAT CMD\n     10 D    cp a b\n     11 D    cp c d\n     12 Ss   sh\n", "2 of 3 processes wait in the kernel"),
    "a busy disk": ("$ iostat -x\nDevice            r/s     w/s   %util\nsda              1.00  900.00   99.60\nsdb              1.00    1.00    0.10\n", "Disk sda is busy for 99.6 %"),
    "a full accept queue": ("$ ss -ltn\nState    Recv-Q   Send-Q   Local Address:Port   Peer Address:Port\nLISTEN   129      128      0.0.0.0:8080         0.0.0.0:*\n", "accept queue of 0.0.0.0:8080 is full (129 of 128)"),
    "leaked connections": ("$ netstat -ant\nProto Recv-Q Send-Q Local Address           Foreign Address         State\n" + "".join(f"tcp        1      0 10.0.0.5:{40000 + n}          10.0.0.9:5432           CLOSE_WAIT\n" for n in range(25)), "25 connections are in CLOSE-WAIT, 25 with 10.0.0.9:5432"),
    "lost packets": ("$ ping -c 4 db\nPING db (10.0.0.9) 56(84) bytes of data.\n4 packets transmitted, 1 received, 75% packet loss, time 3000ms\n", "75 % of the packets to db are lost"),
    "a name that does not resolve": ("$ dig db.shop.internal\n;; ->>HEADER<<- opcode: QUERY, status: NXDOMAIN, id: 1\n;db.shop.internal.\t\tIN\tA\n", "db.shop.internal does not resolve: NXDOMAIN"),
    "a request that was given up": ("$ curl -v https://db\n*   Trying 10.0.0.9:443...\ncurl: (28) Connection timed out after 5000 milliseconds\n", "curl failed (28): Connection timed out"),
    "a certificate without trust": ("$ openssl s_client -connect db:443\nCONNECTED(00000003)\nverify error:num=10:certificate has expired\nVerify return code: 10 (certificate has expired)\n", "The certificate is not trusted: certificate has expired"),
    "a failed unit": ("$ systemctl status shop\n● shop.service - Shop\n     Loaded: loaded (/etc/systemd/system/shop.service; enabled)\n     Active: failed (Result: exit-code) since Thu 2026-01-01 10:00:00 UTC; 5min ago\n    Process: 4711 ExecStart=/bin/shop (code=exited, status=203/EXEC)\n", "Unit shop.service is failed (Result: exit-code)"),
    "a failed unit in a list": ("$ systemctl list-units --failed\n  UNIT         LOAD   ACTIVE SUB    DESCRIPTION\n● shop.service loaded failed failed Shop\n\n1 loaded units listed.\n", "Unit shop.service is failed"),
    "a container that exited": ("$ docker ps -a\nCONTAINER ID   IMAGE      COMMAND   CREATED      STATUS                       PORTS     NAMES\n0a1b2c3d4e5f   shop:2     run       2 days ago   Exited (137) 2 minutes ago             cart\n", "Container cart (shop:2) is Exited (137) 2 minutes ago (killed (SIGKILL"),
    "a group behind": ("$ kafka-consumer-groups --describe --group mail\nGROUP  TOPIC   PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG   CONSUMER-ID  HOST  CLIENT-ID\nmail   orders  0          10              1510            1500  -            -     -\nmail   orders  1          10              1010            1000  -            -     -\n", "Group mail is 2,500 messages behind on topic orders (2 partitions); it has no members"),
    "a deadlock": ("mysql> show engine innodb status\\G\nINNODB MONITOR OUTPUT\nLATEST DETECTED DEADLOCK\n------------------------\nHistory list length 1200000\n", "InnoDB keeps 1,200,000 old row versions"),
    "a commit": ("$ git log\ncommit 0a1b2c3d4e5f60718293a4b5c6d7e8f901234567 (HEAD -> main)\nAuthor: A\nDate:   Thu Jan 1 10:00:00 2026 +0100\n\n    Raise the pool to 50\n", "Commit 0a1b2c3d4e5f: Raise the pool to 50"),
    "open files": ("$ ulimit -a\ncore file size              (blocks, -c) 0\nopen files                          (-n) 1024\n", "open files = 1024"),
}  # fmt: skip


@pytest.mark.parametrize("what", SAMPLES)
def test_a_tools_output_is_told_in_a_sentence(what: str) -> None:
    text, sentence = SAMPLES[what]
    assert any(sentence in fact.text for fact in read(text).facts), [fact.text for fact in read(text).facts]


def test_an_inspected_container_tells_that_it_was_killed_for_its_memory() -> None:
    text = '$ docker inspect cart\n[\n    {\n        "Id": "0a",\n        "Name": "/cart",\n        "RestartCount": 4,\n        "State": {\n            "Status": "exited",\n            "OOMKilled": true,\n            "ExitCode": 137\n        },\n        "HostConfig": {"Memory": 134217728}\n    }\n]\n'
    insights = read(text)
    (limit,) = of_kind(insights, "limit")
    assert (limit.component, limit.attributes["limit"], limit.citations[0].line_start) == ("cart", "134217728", 7)
    assert "restarted 4 times" in of_kind(insights, "unhealthy")[0].text


def test_a_log_inside_of_a_transcript_is_read_as_a_log_with_the_lines_of_the_transcript() -> None:
    text = "$ df -h /\nFilesystem Size Used Avail Use% Mounted on\n/dev/sda1   50G  50G   20K 100% /\n$ journalctl -u shop\n" + "".join(
        f"Jan 01 10:00:0{n} web shop[7]: ERROR cannot write order {n}: No space left on device\n" for n in range(6)
    )
    insights = read(text)
    assert of_kind(insights, "saturation")
    (error,) = of_kind(insights, "error")
    assert (error.count, error.citations[0].line_start) == (6, 5)
    assert len({fact.id for fact in insights.facts}) == len(insights.facts)


HEALTHY = {
    "load": "$ uptime\n 10:00:01 up 9 days,  2 users,  load average: 0.20, 0.30, 0.40\n",
    "memory": "$ free -m\n               total        used        free      shared  buff/cache   available\nMem:           16000        4000        8000         100        4000       11800\nSwap:           2000           0        2000\n",
    "pods": "$ kubectl get pods\nNAME     READY   STATUS      RESTARTS   AGE\nweb-1    1/1     Running     0          3d\njob-1    0/1     Completed   0          3d\n",
    "ping": "$ ping db\nPING db (10.0.0.9) 56(84) bytes of data.\n4 packets transmitted, 4 received, 0% packet loss, time 3000ms\n",
    "tls": "$ openssl s_client -connect db:443\nVerify return code: 0 (ok)\n",
}


@pytest.mark.parametrize("what", HEALTHY)
def test_what_is_well_is_no_finding(what: str) -> None:
    assert not [fact for fact in read(HEALTHY[what]).facts if fact.kind in {"unhealthy", "saturation", "limit", "restart"} or fact.level]


def test_a_hundred_thousand_rows_are_bounded() -> None:
    rows = "".join(f"pod-{n}   0/1     CrashLoopBackOff   {n}   3d\n" for n in range(100_000))
    assert len(read(f"NAME     READY   STATUS      RESTARTS   AGE\n{rows}").facts) <= 130


def test_lines_of_blanks_take_no_longer_than_their_length() -> None:
    assert not read("$ ls\n" + (" " * 2000 + "x\n") * 2000).facts
