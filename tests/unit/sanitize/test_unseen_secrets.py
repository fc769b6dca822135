"""Secrets in the forms that people meet: tokens of providers, files of clients and servers, headers, commands, code, prose.

Values are drawn anew from a seed for each form, so that nothing here is anybody's and no scanner of repositories trips.
"""

import base64
import random
import string

import pytest

from faultmaven_events.consumers.sanitize.redact import redact

KEY = bytes(32)
RANDOM = random.Random(4)
ALNUM, LOWER, HEX, UPPER = (
    string.ascii_letters + string.digits,
    string.ascii_lowercase + string.digits,
    "0123456789abcdef",
    string.ascii_uppercase,
)
URLSAFE = ALNUM + "_-"


def of(alphabet: str, length: int) -> str:
    """Draw a value that has digits, and letters where the alphabet does."""
    while True:
        value = "".join(RANDOM.choice(alphabet) for _ in range(length))
        if any(c.isdigit() for c in value) and not value.isdigit() and value[0] not in "-_" and value[-1] not in "-_":
            return value


def b64(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


PROVIDERS = {
    "github classic": "gh" + "p_" + of(ALNUM, 36),
    "github app": "gh" + "s_" + of(ALNUM, 36),
    "github fine": "github" + "_pat_" + of(ALNUM, 22) + "_" + of(ALNUM, 59),
    "gitlab": "gl" + "pat-" + of(URLSAFE, 20),
    "gitlab runner": "gl" + "rt-" + of(URLSAFE, 20),
    "gitlab pipeline": "gl" + "ptt-" + of(HEX, 40),
    "gitlab feed": "gl" + "ft-" + of(URLSAFE, 20),
    "gitlab job": "gl" + "cbt-64_" + of(URLSAFE, 20),
    "slack bot": "xox" + "b-" + "17653672481-19874698323-" + of(ALNUM, 24),
    "slack app": "xap" + "p-1-A012ABCDEFG-4871236912-" + of(HEX, 64),
    "aws id": "AK" + "IA" + "".join(RANDOM.choice(UPPER + "234567") for _ in range(16)),
    "gcp key": "AI" + "za" + of(URLSAFE, 35),
    "google oauth": "GOC" + "SPX-" + of(URLSAFE, 28),
    "google token": "ya" + "29." + of(URLSAFE, 60),
    "azure client": of(ALNUM, 3) + "8Q" + "~" + of(URLSAFE, 34),
    "stripe": "sk" + "_live_" + of(ALNUM, 24),
    "stripe restricted": "rk" + "_live_" + of(ALNUM, 99),
    "stripe webhook": "wh" + "sec_" + of(ALNUM, 32),
    "npm": "np" + "m_" + of(ALNUM, 36),
    "pypi": "pyp" + "i-AgEIcHlwaS5vcmc" + of(URLSAFE, 90),
    "docker": "dck" + "r_pat_" + of(URLSAFE, 27),
    "openai": "sk" + "-proj-" + of(URLSAFE, 74) + "T3Blbk" + "FJ" + of(URLSAFE, 74),
    "openai old": "sk" + "-" + of(ALNUM, 20) + "T3Blbk" + "FJ" + of(ALNUM, 20),
    "anthropic": "sk" + "-ant-api03-" + of(URLSAFE, 93) + "AA",
    "huggingface": "h" + "f_" + "".join(RANDOM.choice(string.ascii_letters) for _ in range(34)),
    "twilio": "S" + "K" + of(HEX, 32),
    "sendgrid": "S" + "G." + of(URLSAFE, 22) + "." + of(URLSAFE, 43),
    "vault service": "hv" + "s." + of(ALNUM, 90),
    "terraform": of(ALNUM, 14) + ".atla" + "sv1." + of(URLSAFE, 67),
    "digitalocean": "do" + "p_v1_" + of(HEX, 64),
    "telegram": "6012345678" + ":AA" + of(URLSAFE, 33),
    "discord": "MT" + of(ALNUM, 24) + "." + of(URLSAFE, 6) + "." + of(URLSAFE, 38),
    "shopify": "shp" + "at_" + of(HEX, 32),
    "square": "sq0" + "atp-" + of(URLSAFE, 22),
    "square new": "EAA" + "A" + of(URLSAFE, 60),
    "mailgun": "ke" + "y-" + of(HEX, 32),
    "databricks": "da" + "pi" + of(HEX, 32),
    "grafana": "gls" + "a_" + of(ALNUM, 32) + "_" + of(HEX, 8),
    "grafana cloud": "gl" + "c_" + b64('{"o":"12","n":"x","k":"' + of(ALNUM, 24) + '"}'),
    "linear": "li" + "n_api_" + of(ALNUM, 40),
    "notion": "nt" + "n_" + of(ALNUM, 46),
    "atlassian": "ATA" + "TT3xFfGF0" + of(ALNUM, 170) + "=" + of(HEX, 8),
    "new relic": "NR" + "AK-" + of(UPPER + "0123456789", 27),
    "sentry": "snt" + "rys_" + of(ALNUM, 100),
    "dynatrace": "dt0" + "c01." + of(UPPER + "234567", 24) + "." + of(UPPER + "234567", 64),
    "age": "AGE-SEC" + "RET-KEY-1" + of(UPPER + "0123456789", 58),
    "doppler": "dp" + ".st.prd." + of(ALNUM, 42),
    "pulumi": "pu" + "l-" + of(HEX, 40),
    "postman": "PM" + "AK-" + of(HEX, 24) + "-" + of(HEX, 34),
    "rubygems": "rubyg" + "ems_" + of(HEX, 48),
    "planetscale": "psc" + "ale_tkn_" + of(URLSAFE, 43),
    "supabase": "sb" + "p_" + of(HEX, 40),
    "render": "rn" + "d_" + of(ALNUM, 32),
    "vercel": "vc" + "p_" + of(ALNUM, 56),
    "cloudinary": "cloudinary://123456789012345:" + of(URLSAFE, 27) + "@shop",
    "tailscale": "tsk" + "ey-auth-k" + of(ALNUM, 11) + "CNTRL-" + of(ALNUM, 32),
    "easypost": "EZ" + "AK" + of(HEX, 54),
    "flutterwave": "FLWSEC" + "K_TEST-" + of(HEX, 32) + "-X",
    "adafruit": "ai" + "o_" + of(ALNUM, 28),
    "readme": "rdm" + "e_" + of(LOWER, 70),
    "typeform": "tf" + "p_" + of(URLSAFE, 59),
    "duffel": "duffel" + "_live_" + of(URLSAFE, 43),
    "brevo": "xkey" + "sib-" + of(HEX, 64) + "-" + of(ALNUM, 16),
    "prefect": "pn" + "u_" + of(LOWER, 36),
    "buildkite": "bk" + "ua_" + of(HEX, 40),
    "sourcegraph": "sg" + "p_" + of(HEX, 16) + "_" + of(HEX, 40),
    "cohere-like jwt": "ey" + "J" + of(ALNUM, 20) + ".ey" + "J" + of(ALNUM, 60) + "." + of(URLSAFE, 43),
    "gcp refresh": "1/" + "/0" + of(URLSAFE, 62),
    "zapier hook": "https://hooks.zapier.com/hooks/catch/1234567/" + of(LOWER, 7) + "/",
}
"""Where a provider gives its tokens a form of their own, the form is enough, whatever stands around it."""
AROUND = ("2026-11-20T05:24:00Z DEBUG client - sending {} upstream", 'x = "{}"', "{}")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_providers_token_needs_no_key_beside_it(provider: str) -> None:
    value = PROVIDERS[provider]
    for form in AROUND:
        result = redact(form.format(value), key=KEY)[0]
        assert value[-16:] not in result
        assert "SECRET_" in result


W, T, H = of(ALNUM, 14), of(ALNUM, 40), of(HEX, 32)
P = "Tr0ub4dor&3x"
U = f"{of(HEX, 8)}-{of(HEX, 4)}-4{of(HEX, 3)}-a{of(HEX, 3)}-{of(HEX, 12)}"

FORMS = {
    # Files of clients
    "pgpass": (".pgpass", "db01.internal:5432:shop:orders_app:{}", W),
    "pgpass any": (".pgpass", "*:*:*:postgres:{}", P),
    "netrc": (".netrc", "machine api.shop.example login deploy password {}", W),
    "netrc lines": (".netrc", "machine api.shop.example\n  login deploy\n  password {}", W),
    "npmrc": (".npmrc", "//registry.npmjs.org/:_authToken={}", U),
    "npmrc auth": (".npmrc", "_auth={}", b64("deploy:" + W)),
    "npmrc password": (".npmrc", "//nexus.example/repository/:_password={}", b64(W)),
    "htpasswd": (".htpasswd", "jane:{}", "$apr1$" + of(ALNUM, 8) + "$" + of(ALNUM, 22)),
    "htpasswd sha": (".htpasswd", "jane:{{SHA}}{}", b64(bytes(range(20)))),
    "my.cnf": (".my.cnf", "[client]\nuser=root\npassword={}", P),
    "my.cnf quoted": (".my.cnf", '[client]\npassword="{}"', "p#a;ss 9"),
    "docker config": ("config.json", '{{"auths": {{"https://index.docker.io/v1/": {{"auth": "{}"}}}}}}', b64("jane:" + W)),
    "git credentials": (".git-credentials", "https://jane:{}@git.shop.example", W),
    "pypirc": (".pypirc", "[pypi]\nusername = jane\npassword = {}", W),
    "s3cfg": (".s3cfg", "access_key = AAA\nsecret_key = {}", T),
    "aws credentials": ("credentials", "[default]\naws_secret_access_key = {}", of(ALNUM + "/+", 40)),
    "aws session": ("credentials", "aws_session_token = {}", "IQoJ" + of(ALNUM + "/+", 200)),
    "gradle": ("gradle.properties", "nexusPassword={}", W),
    "maven": ("settings.xml", "<server><id>nexus</id><username>ci</username><password>{}</password></server>", W),
    "maven lines": ("settings.xml", "<password>\n    {}\n</password>", W),
    "nuget": ("nuget.config", '<add key="ClearTextPassword" value="{}" />', W),
    "wireguard": ("wg0.conf", "[Interface]\nPrivateKey = {}", b64(bytes(range(7, 39)))),
    "wireguard psk": ("wg0.conf", "PresharedKey = {}", b64(bytes(range(9, 41)))),
    "wpa": ("wpa_supplicant.conf", 'network={{\n  ssid="x"\n  psk="{}"\n}}', P),
    "ldap": ("ldap.conf", "bindpw {}", P),
    "snmp": ("snmpd.conf", "rocommunity {} 10.0.0.0/8", "s3cr3tcomm"),
    "ssh pass": ("x.sh", "sshpass -p '{}' ssh root@db01", P),
    "rclone": ("rclone.conf", "[s3]\ntype = s3\nsecret_access_key = {}", T),
    "composer": ("auth.json", '{{"http-basic": {{"repo.example": {{"username": "x", "password": "{}"}}}}}}', W),
    # Kubernetes and friends
    "kubeconfig token": ("kubeconfig", "users:\n- name: jane\n  user:\n    token: {}", T),
    "kubeconfig key": ("kubeconfig", "    client-key-data: {}", b64("-----BEGIN " + "RSA PRIVATE KEY-----\n" + T * 5)),
    "k8s secret data": ("s.yaml", "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ndata:\n  username: {}", b64("orders_app_9")),
    "k8s secret any key": ("s.yaml", "apiVersion: v1\nkind: Secret\ndata:\n  config: {}\n", b64("host=db;user=x;y=" + W)),
    "k8s secret before kind": ("s.yaml", "apiVersion: v1\ndata:\n  license.txt: {}\nkind: Secret\n", b64("license " + W)),
    "k8s stringData": ("s.yaml", "kind: Secret\nstringData:\n  connection: {}\n", "host=db;user=x;" + W),
    "k8s env": ("d.yaml", "env:\n- name: STRIPE_KEY\n  value: {}\n", W),
    "k8s env quoted": ("d.yaml", '        - name: "DB_PASS"\n          value: "{}"\n', W),
    "compose list": ("compose.yaml", "environment:\n  - POSTGRES_PASSWORD={}\n", W),
    "helm set": ("x.sh", "helm upgrade db bitnami/postgresql --set auth.postgresPassword={} -n shop", W),
    "tfvars": ("x.tfvars", 'db_password = "{}"', P),
    "tf variable default": ("main.tf", 'variable "db_password" {{\n  type = string\n  default = "{}"\n}}', P),
    "tfstate": ("terraform.tfstate", '"attributes": {{"master_password": "{}", "id": "db-1"}}', P),
    "tfstate lines": ("terraform.tfstate", '          "master_password": "{}",', P),
    "dockerfile env": ("Dockerfile", "ENV API_TOKEN={}", T),
    "dockerfile old": ("Dockerfile", "ENV MYSQL_ROOT_PASSWORD {}", P),
    "dockerfile arg": ("Dockerfile", "ARG NPM_TOKEN={}", U),
    "ansible": ("x.yml", "ansible_become_pass: {}", P),
    "swarm": ("x.log", "docker swarm join --token {} 10.0.0.1:2377", "SWMTKN-1-" + of(LOWER, 50) + "-" + of(LOWER, 25)),
    "kubeadm": ("x.log", "kubeadm join 10.0.0.1:6443 --token {}", of(LOWER, 6) + "." + of(LOWER, 16)),
    # Applications
    "spring": ("application.yml", "spring:\n  datasource:\n    username: shop\n    password: {}", P),
    "spring flat": ("application.properties", "spring.mail.password={}", P),
    "rails": ("database.yml", "production:\n  password: '{}'", P),
    "rails secret": ("secrets.yml", "  secret_key_base: {}", of(HEX, 128)),
    "django": ("settings.py", "SECRET_KEY = '{}'", "django-insecure-" + of(ALNUM + "!@#$%^&*(", 40)),
    "django db": ("settings.py", "    'PASSWORD': '{}',", P),
    "laravel": (".env", "APP_KEY=base64:{}", b64(bytes(range(3, 35)))),
    "php define": ("wp-config.php", "define('DB_PASSWORD', '{}');", P),
    "php salt": ("wp-config.php", "define( 'AUTH_KEY',         '{}' );", "k#" + of(ALNUM + "!@#$%^&*", 60)),
    "php array": ("config.php", "'password' => '{}',", P),
    "dotnet": ("appsettings.json", '"Default": "Server=db;Database=shop;User Id=sa;Password={};"', P),
    "web.config": ("web.config", '<machineKey validationKey="{}" decryptionKey="x"/>', of(HEX, 64).upper()),
    "go": ("main.go", 'const apiToken = "{}"', T),
    "java": ("X.java", 'private static final String PASSWORD = "{}";', P),
    "js": ("x.js", "const client = new Client({{ apiKey: '{}', region: 'eu' }})", T),
    "python kwarg": ("x.py", 'connect(host="db01", password="{}")', P),
    "ruby": ("x.rb", "config.api_key = '{}'", T),
    "groovy": ("Jenkinsfile", "environment {{ NEXUS_PASS = '{}' }}", P),
    "hex literal": ("x.c", "uint8_t aes_key[] = {{ {} }};", "0x8f, 0x3a, 0x1c, 0x9e, 0x7b, 0x2d, 0x4f, 0x60, 0xa5, 0xe8, 0xc1, 0xb7"),
    "hex key": ("x.json", '"private_key": "{}"', "0x" + of(HEX, 64)),
    "uuid secret": ("x.yaml", "client_secret: {}", U),
    "uuid token": (".env", "LOG_TOKEN={}", U),
    "api secret hex": ("x.ini", "api_secret = {}", H),
    # Headers, URLs, connections
    "authorization scheme": ("x.log", "> Authorization: GenieKey {}", U),
    "authorization token": ("x.log", "Authorization: Token token={}", H),
    "authorization raw": ("x.log", "authorization: {}", T),
    "authorization json": ("x.log", '{{"headers": {{"Authorization": "SSWS {}"}}}}', "00" + of(URLSAFE, 40)),
    "aws4": ("x.log", "Authorization: AWS4-HMAC-SHA256 Credential=AK/20261120, SignedHeaders=host, Signature={}", of(HEX, 64)),
    "proxy authorization": ("x.log", "Proxy-Authorization: Basic {}", b64("jane:" + W)),
    "x-token": ("x.log", "X-Vault-Token: {}", T),
    "x-auth": ("x.log", "< X-Auth-Token: {}", H),
    "private-token": ("x.log", "curl -H 'PRIVATE-TOKEN: {}' https://git.example", of(URLSAFE, 20)),
    "cookie": ("x.log", "Cookie: theme=dark; JSESSIONID={}; lang=en", of(HEX, 32).upper()),
    "set-cookie": ("x.log", "set-cookie: connect.sid=s%3A{}; Path=/; HttpOnly", T),
    "amqp": ("x.log", "connecting to amqps://shop:{}@mq01.internal:5671/%2Fshop", W),
    "mongo": ("x.log", "mongodb+srv://shop:{}@cluster0.ab1cd.mongodb.example/?retryWrites=true", W),
    "redis": ("x.log", "rediss://default:{}@cache:6380", T),
    "smtp": ("x.log", "smtp://mailer%40shop.example:{}@smtp.example:587", W),
    "jdbc query": ("x.properties", "jdbc:mysql://db01:3306/shop?user=app&password={}&useSSL=true", W),
    "jdbc oracle": ("x.properties", "jdbc:oracle:thin:app/{}@//db01:1521/SHOP", W),
    "jdbc sqlserver": ("x.properties", "jdbc:sqlserver://db01:1433;database=shop;user=app;password={};encrypt=true", W),
    "odbc": ("odbc.ini", "DRIVER={{ODBC Driver 18}};SERVER=db;UID=sa;PWD={};", P),
    "azure storage": ("x.env", "DefaultEndpointsProtocol=https;AccountName=shop;AccountKey={};EndpointSuffix=core", b64(bytes(range(64)))),
    "service bus": ("x.env", "Endpoint=sb://shop.example/;SharedAccessKeyName=Root;SharedAccessKey={}", b64(bytes(range(32)))),
    "sas": ("x.log", "GET https://shop.blob.example/c/f?sv=2022&se=2026&sig={}", of(ALNUM, 43) + "%3D"),
    "presigned": ("x.log", "https://b.s3.example/k?X-Amz-Credential=x&X-Amz-Signature={}", of(HEX, 64)),
    "libpq": ("x.log", "host=db01 dbname=shop user=app password={} sslmode=require", W),
    "libpq quoted": ("x.log", "host=db01 password='{}' sslmode=require", "two w0rds"),
    "kafka jaas": ("x.properties", 'sasl.jaas.config=o.a.PlainLoginModule required username="shop" password="{}";', P),
    "sentry dsn": ("x.env", "SENTRY_DSN=https://{}@o12.ingest.sentry.example/345", H),
    "slack hook": ("x.log", "POST https://hooks.slack.com/services/{}", "T0ABCDEF1/B0ABCDEF1/" + of(ALNUM, 24)),
    "userinfo in git": ("x.log", "fatal: unable to access 'https://oauth2:{}@git.example/x.git/'", of(URLSAFE, 26)),
    "ftp": ("x.log", "ftp://anna:{}@files.example/in", P),
    # Commands
    "curl -u": ("x.sh", "curl -s -u 'admin:{}' https://api", P),
    "mysql": ("x.sh", "mysql -uroot -p{} -e 'select 1'", W),
    "env prefix": ("x.sh", "PGPASSWORD={} psql -h db01", W),
    "flag equals": ("x.log", "argv: ['app', '--db-password={}', '--port=80']", W),
    "flag list": ("x.log", 'cmd: ["app", "--token", "{}", "--verbose"]', T),
    "export": ("x.sh", "export GITHUB_TOKEN={}", T),
    "powershell": ("x.ps1", '$env:API_KEY = "{}"', T),
    "cmd set": ("x.bat", "set DB_PASSWORD={}", P),
    "net use": ("x.bat", "net use Z: \\\\fs01\\x /user:corp\\jane {}", P),
    "openssl": ("x.sh", "openssl enc -aes-256-cbc -pass pass:{} -in x", W),
    "ldapsearch": ("x.sh", "ldapsearch -D cn=admin -w {} -b dc=x", P),
    "mongosh": ("x.sh", "mongosh --username root --password {} db01", P),
    "docker login": ("x.sh", "docker login -u ci -p {} registry.example", W),
    "env dump": ("x.log", "DB_HOST=db01\nDB_PASSWD={}\nHOME=/root", P),
    "env dump glued": ("x.log", "env: {{PATH: /bin, JWT_SECRET: {}, TZ: UTC}}", T),
    # SQL
    "create user": ("x.sql", "CREATE USER app WITH ENCRYPTED PASSWORD '{}';", P),
    "alter login": ("x.sql", "ALTER LOGIN sa WITH PASSWORD = N'{}';", P),
    "grant": ("x.sql", "GRANT ALL ON *.* TO 'x'@'%' IDENTIFIED BY '{}'", P),
    "insert": ("x.sql", "INSERT INTO users (name, password, age) VALUES ('jane', '{}', 3);", P),
    "update": ("x.sql", "UPDATE users SET password = '{}' WHERE id = 3", P),
    # Documents and prose
    "prose is": ("x.md", "The root password is {} until Friday.", P),
    "prose colon": ("x.md", "Password for the staging box: {}", P),
    "prose use": ("x.txt", "please use password {} for the vpn", P),
    "prose slash": ("x.txt", "login: admin / password: {}", P),
    "prose set to": ("x.txt", 'I changed the passphrase to "{}" yesterday', "correct h0rse battery"),
    "prose token": ("x.txt", "here is the token: {}", T),
    "html table": ("x.html", "<tr><td>Password</td><td>{}</td></tr>", P),
    "html lines": ("x.html", "<tr>\n  <td>Password:</td>\n  <td>{}</td>\n</tr>", P),
    "html form": ("x.html", '<input type="password" name="pw" value="{}">', P),
    "html hidden": ("x.html", '<input type="hidden" name="auth_token" value="{}"/>', T),
    "markdown table": ("x.md", "| user | password |\n|---|---|\n| jane | {} |", P),
    "markdown code": ("x.md", "Password: `{}`", P),
    "german": ("x.txt", "Passwort: {}", P),
    "french": ("x.txt", "mot de passe : {}", P),
    "spanish": ("x.txt", "contraseña: {}", P),
    "portuguese": ("x.txt", "senha = {}", P),
    "italian": ("x.txt", "parola d'ordine: {}", P),
    "dutch": ("x.txt", "wachtwoord: {}", P),
    "polish": ("x.txt", "hasło: {}", P),
    "turkish": ("x.txt", "şifre: {}", P),
    "swedish": ("x.txt", "lösenord: {}", P),
    "russian": ("x.txt", "пароль: {}", P),
    "chinese": ("x.txt", "密码:{}", P),
    "japanese": ("x.txt", "パスワード: {}", P),
    "japanese full width": ("x.txt", "パスワード\uff1a{}", P),
    "korean": ("x.txt", "암호: {}", P),
    # Layouts
    "xml attribute": ("x.xml", '<connection user="sa" password="{}" />', P),
    "xml property": ("x.xml", '<property name="hibernate.connection.password" value="{}"/>', P),
    "xml property text": ("x.xml", '<property name="password">{}</property>', P),
    "xml pair": ("x.xml", "<key>apiKey</key><string>{}</string>", T),
    "xml pair lines": ("x.plist", "<key>apiKey</key>\n<string>{}</string>", T),
    "json lines": ("x.json", '"token":\n    "{}"', T),
    "json pair": ("x.json", '{{"key": "db_password", "value": "{}"}}', P),
    "json name value lines": ("x.json", '{{\n  "name": "DB_PASSWORD",\n  "value": "{}"\n}}', P),
    "json list": ("x.json", '"passwords": ["{}", "b"]', P),
    "json escaped": ("x.log", 'body="{{\\"client_secret\\":\\"{}\\"}}"', T),
    "yaml block": ("x.yaml", "password: |\n  {}\nnext: x", P),
    "yaml folded": ("x.yaml", "api_token: >-\n  {}\n", T),
    "toml": ("x.toml", '[db]\npassword = "{}"', P),
    "hcl nested": ("x.hcl", 'secret_id = "{}"', U),
    "csv": ("x.csv", "user,password\njane,{}\n", P),
    "form body": ("x.log", "POST body: grant_type=password&username=jane&password={}&scope=x", W),
    "url query": ("x.log", "GET /cb?code={}&state=1", of(URLSAFE, 40)),
    "url fragment": ("x.log", "GET /#access_token={}&token_type=bearer", T),
}  # fmt: skip
"""Name of the file, form, secret."""


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_gone_in_every_form(form: str) -> None:
    name, text, secret = FORMS[form]
    result = redact(text.format(secret), key=KEY, name=name)[0]
    assert secret not in result
    assert secret[-12:] not in result
    assert result.count("\n") == text.count("\n")


KIND, MORE = "RSA PRIVATE KEY", of(ALNUM + "+/", 64)
BEGIN, END = f"-----BEGIN {KIND}-----", f"-----END {KIND}-----"
PEM = {
    "plain": f"{BEGIN}\n{MORE}\n{MORE}\n{END}\n",
    "crlf": f"{BEGIN}\r\n{MORE}\r\n{END}\r\n",
    "yaml": f"tls:\n  key: |\n    {BEGIN}\n    {MORE}\n    {END}\n",
    "json": f'{{"private_key": "{BEGIN}\\n{MORE}\\n{MORE}\\n{END}\\n", "x": 1}}',
    "json twice": f'{{\\"private_key\\": \\"{BEGIN}\\\\n{MORE}\\\\n{END}\\\\n\\"}}',
    "env": f'KEY="{BEGIN}\n{MORE}\n{END}"',
    "one line": f"{BEGIN} {MORE} {MORE} {END}",
    "glued": f"{BEGIN}{MORE}{END}",
    "in a log": f"2026-11-20 05:24:00 INFO loaded {BEGIN}\n2026-11-20 05:24:00 INFO {MORE}\n2026-11-20 05:24:00 INFO {END}",
    "in code": f'key = ("{BEGIN}\\n"\n       "{MORE}\\n"\n       "{END}")',
    "in a diff": f"+{BEGIN}\n+{MORE}\n+{END}",
    "openssh": f"{BEGIN}\n{MORE}\n{END}\n".replace("RSA", "OPENSSH"),
    "bare kind": f"{BEGIN}\n{MORE}\n{END}\n".replace("RSA ", ""),
    "pgp": f"-----BEGIN PGP {'PRIVATE'} KEY BLOCK-----\nVersion: 1\n\n{MORE}\n=abcd\n-----END PGP PRIVATE KEY BLOCK-----",
    "putty": f"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPrivate-Lines: 1\n{MORE}\nPrivate-MAC: {of(HEX, 64)}\n",
    "no end": f"{BEGIN}\n{MORE}\n{MORE}\n",
}


@pytest.mark.parametrize("form", PEM)
def test_a_private_key_is_gone_in_every_form(form: str) -> None:
    result = redact(PEM[form], key=KEY)[0]
    assert MORE not in result
    assert MORE[-20:] not in result
    assert result.count("\n") == PEM[form].count("\n")


ATTACKS = (
    "kind: Secret\ndata:\n a: b\n", "kind: Secret\n", "| password |\n|---|\n", "Private-Lines: 999\n", "password:\n", 'variable "pin" {\n', "://a:",
    "passwords = ['a'", "aes_key = {0x1,", "insert into t (password) values (", '"kind":"Secret","data":{',
    ">password</td> ", "a_b_", "nhs 1 ",
)  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_text_made_to_be_slow_is_done_in_time(attack: str) -> None:
    text = attack * (60_000 // len(attack))  # quick where time grows with the length
    assert redact(text, key=KEY)[0].count("\n") == text.count("\n")
