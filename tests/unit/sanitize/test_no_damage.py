"""What a report must still be able to name: numbers, ids, hashes, paths and names of a system come out as they went in.

Each form is filled with values drawn from a seed, many times over.
"""

import random
import string
import uuid

import pytest

from faultmaven_events.consumers.sanitize.redact import redact

KEY = bytes(32)
TIMES = 12
RANDOM = random.Random(11)
BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
K8S = "bcdfghjklmnpqrstvwxz2456789"


def digits(n: int) -> str:
    return str(RANDOM.randrange(1, 10)) + "".join(RANDOM.choice(string.digits) for _ in range(n - 1))


def hexa(n: int) -> str:
    return f"{RANDOM.getrandbits(4 * n):0{n}x}"


def some(alphabet: str, n: int) -> str:
    return "".join(RANDOM.choice(alphabet) for _ in range(n))


def mac() -> str:
    return ":".join(hexa(2) for _ in range(6))


def uuid4() -> str:
    return str(uuid.UUID(int=RANDOM.getrandbits(128), version=4))


def uuid7() -> str:
    h = f"{1795153369678 + RANDOM.randrange(10**9):012x}"
    return f"{h[:8]}-{h[8:]}-7{hexa(3)}-a{hexa(3)}-{hexa(12)}"


def inside() -> str:
    return RANDOM.choice(
        (f"10.{RANDOM.randrange(256)}.{RANDOM.randrange(256)}.{RANDOM.randrange(256)}", f"192.168.{RANDOM.randrange(256)}.9", "127.0.0.1")
    )


def version() -> str:
    return ".".join(str(RANDOM.randrange(30)) for _ in range(3))


def clock() -> str:
    return f"{RANDOM.randrange(24):02}:{RANDOM.randrange(60):02}:{RANDOM.randrange(60):02}"


WORD = ("orders", "billing", "catalog", "search", "ledger", "gateway")
FILL = {
    "sha1": lambda: hexa(40), "sha7": lambda: hexa(7), "sha256": lambda: hexa(64), "md5": lambda: hexa(32), "hex16": lambda: hexa(16),
    "hex12": lambda: hexa(12), "hex8": lambda: hexa(8), "uuid": uuid4, "uuid7": uuid7, "ulid": lambda: "01" + some(BASE32, 24),
    "d4": lambda: digits(4), "d5": lambda: digits(5), "d6": lambda: digits(6), "d9": lambda: digits(9), "d10": lambda: digits(10),
    "d12": lambda: digits(12), "d13": lambda: digits(13), "d16": lambda: digits(16), "d19": lambda: digits(19),
    "ip": inside, "mac": mac, "v": version, "t": clock, "w": lambda: RANDOM.choice(WORD), "pod": lambda: some(K8S, 5),
    "rs": lambda: some(K8S, 10), "port": lambda: str(RANDOM.randrange(1024, 65535)), "n": lambda: str(RANDOM.randrange(1, 500)),
    "b64": lambda: some(string.ascii_letters + string.digits, 40) + "==", "epoch": lambda: str(1795153369 + RANDOM.randrange(10**6)),
}  # fmt: skip

LINES = r"""
commit {sha1}
HEAD is now at {sha7} Fix the build
{sha1} refs/heads/main
merge-base {sha1}..{sha1}
index {sha7}..{sha7} 100644
image: registry.example/{w}@sha256:{sha256}
Digest: sha256:{sha256}
{sha256}  release.tar.gz
layer sha256:{hex12}: Pull complete
docker: container {hex12} exited
containerd://{sha256}
ETag: "{md5}"
etag=W/"{hex8}-{hex12}"
/static/app.{hex8}.js
main.{hex16}.css 200
trace_id={md5} span_id={hex16}
traceparent: 00-{md5}-{hex16}-01
{{"traceId":"{md5}","spanId":"{hex16}"}}
b3: {md5}-{hex16}-1
x-request-id: {uuid}
request_id={uuid7} took {n} ms
correlationId={ulid}
id={ulid} state=done
job {uuid} finished
X-Amzn-Trace-Id: Root=1-{hex8}-{hex12}{hex12}
uid: {uuid}
resourceVersion: "{d9}"
generation: {n}
checksum/config: {sha256}
md5sum {md5}
build id {sha1}
sstate:{md5}
integrity sha512-{b64}
h1:{b64}
go.sum h1:{b64}
snapshot snap-{hex16}0
instance i-{hex16}0 is running
vol-{hex16}1 attached
subnet-{hex8} sg-{hex8} vpc-{hex16}0
arn:aws:iam::{d12}:role/{w}-worker
arn:aws:sqs:eu-central-1:{d12}:{w}-dlq
s3://{w}-logs/2026/11/20/{uuid}.gz
gs://{w}/part-{d5}.parquet
projects/{d12}/locations/eu
txid {d10} lsn 0/{hex8}
xid={d9} pgid {d5}
snowflake={d19} shard={n}
message {d19} acked
order {d12} shipped
order_id={d13} total=12.50
invoice {d10} paid
sku {d13} qty {n}
ISBN 978-3-16-148410-0
isbn=9783161484100
tracking {d16}
event_id={d16}
offset={d16} lag={d5}
partition {n} offset {d12}
kafka high watermark {d13}
zxid: 0x{hex12}
session 0x{hex16} expired
goroutine {n} [running]
main.handle(0xc000{hex8}, 0x{hex8})
at 0x00007f{hex8} in libc.so.6
rip: 0x{hex16}
SIGSEGV address {hex16}
[<ffffffff{hex8}>] do_page_fault+0x{d4}/0x{d4}
ptr=0x{hex16} len={n}
fingerprint SHA256:{b64}
2026-11-20T{t}.123Z started
2026-11-20 {t},123 INFO done
20/Nov/2026:{t} +0000
Nov 20 {t} node7 kernel: up
{epoch} {epoch}123 tick
ts={epoch}.{d6}
took {d6} ms, {d9} ns
heap {d10} bytes of {d12}
rows={d9} cost=0.00..{d5}.{d4}
seq={d10} ack {d10} win {d5}
pid={d5} tid={d6} uid={d4}
cpu {n}.{n}% mem {d6}K
latency p50={n} p95={d4} p99={d5}
Duration: 12.{d4}s
retry in {n}s, attempt {n}/10
{d4}-{d4}-{d4}
range bytes={d6}-{d6}/{d9}
line {d4}, column {n}
exit code {n}
errno={n}
HTTP 502 in {d4}ms
status=200 size={d6}
select * from {w} where id = {d9} and ts > {epoch}
bind $1 = {d12}, $2 = {d9}
LIMIT {n} OFFSET {d6}
-- {d9} rows affected
0x0020:  6c6c 6f77 6564 2062 7920 6120 7368 6f72
{hex8} {hex8} {hex8} {hex8}
{n},{n},{n},{d4}
progress 12 345 678 of 98 765 432
version {v}
v{v}
version: {v}.{n}
Chrome/120.0.{d4}.{n} Safari/537.36
nginx/{v} openssl/{v}
{w}-{v}.jar
{w}:{v}-alpine
python3.11 numpy=={v}
kernel 6.1.0-{n}-amd64
image {w}:2026.11.20.{n}
Build 10.0.{d5}.{d4}
listening on {ip}:{port}
upstream {ip}:{port} timed out
dial tcp {ip}:{port}: connect: connection refused
from {ip} to {ip}
subnet 10.40.0.0/16 gateway {ip}
netmask 255.255.255.0
[::1]:{port}
fe80::1%eth0
fd00::{d4}
0.0.0.0:{port}->{port}/tcp
link/ether {mac} brd ff:ff:ff:ff:ff:ff
mac {mac} on eth0
ARP {ip} is-at {mac}
ip-10-40-1-17.eu-central-1.compute.internal
{w}.shop.svc.cluster.local:{port}
pod {w}-{rs}-{pod} restarted
{w}-7d9f8b6c5-{pod} 1/1 Running 0 3d
statefulset {w}-0 ready
job {w}-migrate-{pod}
node ip-10-0-1-7 NotReady
configmap/{w}-config unchanged
secret/{w}-tls created
secret "{w}-db-credentials" not found
serviceaccount {w}-token-{pod}
queue {w}.dlq has {n} messages
routing key {w}.created.v1
topic={w}-events partition={n}
db01.{w}.internal
host={w}-db-{n}.example.com
svc={w} env=prod region=eu-central-1a
thread http-nio-{port}-exec-{n}
lock {w}_pkey
index {w}_user_id_idx
/var/log/{w}/app.log.{n}
/srv/{w}/releases/2026112005{d4}/bin
C:\{w}\bin\app.exe
File "/srv/{w}/main.py", line {n}, in connect
    at com.shop.{w}.Handler.run(Handler.java:{n})
    at java.base/java.lang.Thread.run(Thread.java:{n}) ~[?:?]
src/main.rs:{n}:{n}
{w}.go:{n} +0x{d4}
/app/node_modules/express/lib/router/index.js:{n}:{n}
GET /api/{w}/{d9}?page={n}&size=50 HTTP/1.1
GET /{w}?id={uuid}
https://{w}.example.com/api/v1/items/{d6}
docs at https://kubernetes.io/docs/tasks/#{w}
#{d5} fixed in {sha7}
JIRA-{d4} done
password authentication failed for user "{w}"
invalid password for {w}
token expired {n} seconds ago
token bucket refilled: {n} tokens
prompt_tokens={d4} completion_tokens={n}
max_tokens: {d4}
secretName: {w}-tls
secretKeyRef: name={w} key=password
keys={d6} expires={n}
primary key violation on {w}_pkey
cache key {w}:{d9} missed
key={w} value={n}
Key ({w}_id)=({d9}) already exists
foreign_key={w}_fk
partition_key={w}-{n}
idempotency_key={uuid}
public_key_id={n}
password_policy=strict
password_min_length={n}
auth_method=scram-sha-256
auth: method=mtls user={w}
author=ci-bot
authority={w}.example.com
access_log /var/log/{w}.log
accessed {n} times
basic check passed: {n}
passed={n} failed={n} skipped={n}
bypass={n}
compass: {w}
session opened for user {w}
sessions={n} active
cookie jar is empty
signature verification failed: {w}
secret {w}/db mounted at /run/secrets/db
credentials loaded from /etc/{w}/creds.json
using password: YES
password: required
PASSWORD_FILE=/run/secrets/{w}
token_type=bearer expires_in={d4}
WWW-Authenticate: Bearer realm="{w}"
Basic health check ok
the password must have at least {n} characters
please enter your password
password reset for account {d9} requested
kind: Secret
type: kubernetes.io/tls
-----BEGIN CERTIFICATE-----
ssl_certificate_key /etc/nginx/{w}.key;
salt-minion {v}
licence check {w}
password: __PASSWORD__
password: @@DB_PASSWORD@@
password: CHANGE_ME
password: replace-with-your-password
password: env:DB_PASSWORD
password: file:/run/secrets/{w}
password: #{{systemProperties['db.password']}}
password: str = Field(min_length={n})
'password' => 'required|min:{n}',
'password' => $password,
$password = $_POST['password'];
login(user=user, password=password)
New password: Retype new password:
passwd: files systemd
pass: {n}, fail: {n}
fetch(url, {{ credentials: same-origin }})
""".strip("\n").splitlines()


@pytest.mark.parametrize("line", LINES)
def test_a_line_of_a_healthy_system_comes_out_as_it_went_in(line: str) -> None:
    text = "\n".join(line.format(**{name: value() for name, value in FILL.items()}) for _ in range(TIMES))
    assert redact(text, key=KEY, name="x.log")[0] == text
