"""Incidents whose cause sits at the edge (proxy, load balancer, TLS, names), and what a good answer names."""

from tests.unit.reason.faults import T, fault, shop
from tests.unit.reason.scene import Scene, after, jump


def edge(n: float, text: str, level: str = "error") -> str:
    return f"2026/03/04 10:{int(n) // 60:02d}:{int(n) % 60:02d} [{level}] 81#81: *7{int(n)} {text}"


@fault("the load balancer's connection limit of a server was cut", "haproxy", "config|human|capacity", "maxconn", "queue|limit|low")
def _maxconn() -> Scene:
    s = shop("The shop answers slowly or with 503.").http(failing=0.3, status=503, slow_ms=2000)
    s.change("ansible.log", T, "TASK [haproxy : protect app servers] changed: [lb01] haproxy.cfg, reload")
    s.text(
        "haproxy.cfg.diff",
        "--- haproxy.cfg.1\n+++ haproxy.cfg\n@@ -20,5 +20,5 @@\n backend shop\n     timeout queue 5s\n-    server app-1 10.40.1.11:8080 check maxconn 200\n+    server app-1 10.40.1.11:8080 check maxconn 2\n",  # noqa: E501 # as the server writes it
    )
    line = 'Mar  4 10:0{}:{:02d} lb01 haproxy[49]: 203.0.113.9:51{:03d} [04/Mar/2026:10:00:01.100] www shop/{} 0/{}/{}/{}/{} {} 142 - - {} 40/40/38/2/0 {}/0 "GET /api/items/1 HTTP/1.1"'  # noqa: E501 # as the server writes it
    for n in range(T):
        s.add("haproxy.log", n, line.format(n // 60, n % 60, n, "app-1", 0, 0, 6, 6, 200, "----", 0))
    for n in after(T, 0.5):
        bad = int(n * 2) % 3 == 0
        s.add(
            "haproxy.log",
            n,
            line.format(
                int(n) // 60,
                int(n) % 60,
                int(n),
                "<NOSRV>" if bad else "app-1",
                5001 if bad else 2400,
                -1 if bad else 0,
                -1 if bad else 7,
                5001 if bad else 2407,
                503 if bad else 200,
                "sQ--" if bad else "----",
                36,
            ),
        )
    return s


@fault("a rate limit is far below ordinary traffic", "nginx", "config|human", "limit|rate", "1r/s|zone")
def _zone() -> Scene:
    s = shop("Many customers see 'too many requests'.").http(failing=0.6, status=429)
    s.change("changes.log", T, "ops: nginx reload (nginx.conf: brute force protection)")
    s.text(
        "nginx.conf.diff",
        "--- nginx.conf.bak\n+++ nginx.conf\n@@ -8,3 +8,3 @@\n http {\n-    limit_req_zone $binary_remote_addr zone=perip:10m rate=50r/s;\n+    limit_req_zone $server_name zone=perip:10m rate=1r/s;\n     server_tokens off;\n",  # noqa: E501 # as the server writes it
    )
    refused = 'limiting requests, excess: 5.{} by zone "perip", client: 203.0.113.{}, server: shop, request: "GET /api/orders HTTP/1.1", host: "shop"'  # noqa: E501 # as the server writes it
    return s.every(after(T), lambda n: ("nginx-error.log", edge(n, refused.format(int(n), int(n) % 40))))


@fault(
    "a certificate is from an authority that clients do not know",
    "ledger01|ledger|nginx|certificate",
    "security|config|infrastructure|human",
    "certificate|tls",
    "issuer|trust|ca\\b",
)
def _authority() -> Scene:
    s = shop("Bookings fail since the afternoon.").http(failing=0.4, status=502, route="/book")
    s.change("changes.log", T, "secops: ledger01 tls certificate renewed (new internal CA 2026), nginx reload")
    error = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate (_ssl.c:1006)"
    return s.app(
        "shop-api",
        "error",
        "booking failed",
        after(T),
        err=f"HTTPSConnectionPool(host='ledger01', port=8443): Max retries exceeded with url: /book (Caused by SSLError(SSLCertVerificationError(1, '{error}')))",  # noqa: E501 # as the server writes it
    )


@fault(
    "a client demands a newer TLS than the server has",
    "shop-api|ledger01|ledger|nginx",
    "config|security|human",
    "tls|protocol",
    "version|protocol",
)
def _tls() -> Scene:
    s = shop("Bookings fail.").http(failing=0.4, status=502, route="/book")
    s.change("changes.log", T, "secops: ledger01 nginx.conf hardened, reload")
    s.text(
        "nginx.conf.diff",
        "--- nginx.conf.1\n+++ nginx.conf\n@@ -3,2 +3,2 @@\n listen 8443 ssl;\n-ssl_protocols TLSv1.2 TLSv1.3;\n+ssl_protocols TLSv1.3;\n",
    )
    error = "[SSL: TLSV1_ALERT_PROTOCOL_VERSION] tlsv1 alert protocol version (_ssl.c:1006)"
    return s.app(
        "shop-api",
        "error",
        "booking failed",
        after(T),
        err=f"HTTPSConnectionPool(host='ledger01', port=8443): Max retries exceeded with url: /book (Caused by SSLError(SSLError(1, '{error}')))",  # noqa: E501 # as the server writes it
    )


@fault(
    "the certificate is for another name after a move",
    "ledger|ledger01|shop-api",
    "security|config|human|network",
    "certificate",
    "name|mismatch",
)
def _name() -> Scene:
    s = shop("Bookings fail.").http(failing=0.4, status=502, route="/book")
    s.change("deploy.log", T, "deploybot: shop-api config: shop-api.env pushed, restart")
    s.text(
        "shop-api.env.diff",
        "--- shop-api.env.1\n+++ shop-api.env\n@@ -1,2 +1,2 @@\n PORT=8080\n-LEDGER_URL=https://ledger01:8443\n+LEDGER_URL=https://ledger:8443\n",
    )
    error = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: Hostname mismatch, certificate is not valid for 'ledger'. (_ssl.c:1006)"  # noqa: E501 # as the server writes it
    return s.app(
        "shop-api",
        "error",
        "booking failed",
        after(T),
        err=f"HTTPSConnectionPool(host='ledger', port=8443): Max retries exceeded (Caused by SSLError(SSLCertVerificationError(1, \"{error}\")))",  # noqa: E501 # as the server writes it
    )


@fault("the proxy forwards a prefix that the application does not know", "nginx", "config|human", "proxy_pass|path|location", "404|changed")
def _prefix() -> Scene:
    s = shop("The account pages are not found.").http(failing=0.5, status=404, route="/account/1")
    s.change("changes.log", T, "ops: nginx.conf rev 41, reload (tidy locations)")
    s.text(
        "nginx.conf.diff",
        "--- nginx.conf.rev40\n+++ nginx.conf\n@@ -8,4 +8,4 @@\n     location /account/ {\n-        proxy_pass http://10.40.1.11:8080;\n+        proxy_pass http://10.40.1.11:8080/;\n     }\n",  # noqa: E501 # as the server writes it
    )
    return s.app("shop-api", "warning", "no route", after(T), path="/1", status=404)


@fault(
    "too few worker connections at the proxy",
    "nginx",
    "config|capacity|human|resource_exhaustion",
    "worker_connections",
    "limit|enough|few",
)
def _connections() -> Scene:
    s = shop("Pages fail at random.").http(failing=0.4, status=500)
    s.change("changes.log", T, "ops: nginx reload (nginx.conf: smaller footprint)")
    s.text(
        "nginx.conf.diff",
        "--- nginx.conf.1\n+++ nginx.conf\n@@ -2,3 +2,3 @@\n events {\n-    worker_connections 1024;\n+    worker_connections 16;\n }\n",
    )
    return s.every(
        after(T),
        lambda n: (
            "nginx-error.log",
            edge(n, "16 worker_connections are not enough while connecting to upstream, client: 203.0.113.7", "alert"),
        ),
    )


@fault(
    "health checks time out because the check became slow",
    "shop-api",
    "code|config|dependency|capacity",
    "health|check",
    "slow|time|release|3.2.0",
)
def _slow_check() -> Scene:
    s = shop("503 every few seconds.").http(failing=0.6, status=503)
    s.change("deploy.log", T, "deploybot: shop-api 3.1.0 -> 3.2.0 rollout finished (deep health check)")
    for n in after(T, 8):
        stamp = f"Mar  4 10:0{int(n) // 60}:{int(n) % 60:02d} lb01 haproxy[49]:"
        s.add(
            "haproxy.log",
            n,
            f"{stamp} Server shop/app-1 is DOWN, reason: Layer7 timeout, check duration: 2001ms. 0 active and 0 backup servers left.",
        )
        s.add("haproxy.log", n + 4, f"{stamp} Server shop/app-1 is UP, reason: Layer7 check passed, code: 200, check duration: 1901ms.")
        s.add("haproxy.log", n + 0.1, f"{stamp} backend shop has no server available!")
    s.app("shop-api", "info", "health", [*range(0, T, 2)], path="/health", ms=2)
    return s.app("shop-api", "info", "health", after(T, 2), path="/health", ms=2400)


@fault(
    "a dependency's host lost its address in the resolver", "dnsmasq|dns", "network|config|human|infrastructure", "dns|resolve", "taxes01"
)
def _resolver() -> Scene:
    s = shop("Prices lack taxes.").http(failing=0.5, status=502)
    s.change("ansible.log", T, "TASK [dnsmasq : deploy hosts] changed: [dns01] (dnsmasq.hosts), restart")
    s.text(
        "dnsmasq.hosts.diff",
        "--- dnsmasq.hosts.1\n+++ dnsmasq.hosts\n@@ -1,3 +1,3 @@\n 10.40.1.21 db01\n-10.40.1.61 taxes01\n+10.40.1.61 taxes1\n 10.40.1.31 cache01\n",  # noqa: E501 # as the server writes it
    )
    s.every(after(T), lambda n: ("dnsmasq.log", f"Mar  4 10:0{int(n) // 60}:{int(n) % 60:02d} dnsmasq[31]: reply taxes01 is NXDOMAIN"))
    return s.app("shop-api", "error", "tax lookup failed", after(T), err="getaddrinfo ENOTFOUND taxes01", code="ENOTFOUND")


@fault(
    "a load test of colleagues uses the capacity",
    "shop-api|campaign|loadtest|load test",
    "capacity|human|external",
    "traffic|requests|load",
    "capacity|workers|more",
)
def _load_test() -> Scene:
    s = shop("The shop is slow.").http(failing=0.2, status=503, slow_ms=900, surge=6)
    s.change("changes.log", T, "qa: load test started against production by mistake (600 virtual users)")
    return s.app("shop-api", "warning", "worker queue is full", after(T, 2), waiting=50).metric(
        "processes.csv", {"shop_api_cpu_pct": jump(T, 20, 99)}
    )
