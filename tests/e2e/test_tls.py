"""docker-compose-tls.yaml, as its user meets it."""

import re
import ssl
import subprocess
import urllib.parse
from collections.abc import Iterator
from functools import partial
from http.client import HTTPSConnection
from pathlib import Path

import pytest

from support.certificate import make_certificate
from support.embedded import free_port
from support.http import Answer, ask
from support.needs import need
from support.stack import Stack, docker_missing
from support.waiting import wait_for

NAME = "localhost"
FILES = ("docker-compose.yaml", "docker-compose-tls.yaml")
YEAR = 31_536_000


class Secure(Stack):
    """A stack with the overlay and a certificate."""

    def __init__(self, folder: Path) -> None:
        self.https_port, self.pem = free_port(), folder / "tls.pem"
        self.https = f"https://127.0.0.1:{self.https_port}"
        env = {"HTTPS_PORT": f"127.0.0.1:{self.https_port}", "TLS_CERTIFICATE_FILE": str(self.pem)}
        super().__init__("abacus-test-tls", *FILES, **env)

    def client(self) -> ssl.SSLContext:
        """What a client trusts: this certificate alone."""
        return ssl.create_default_context(cafile=str(self.pem))

    def serial(self) -> int:
        """The number of the certificate that is served."""
        pem = ssl.get_server_certificate(("127.0.0.1", self.https_port))
        out = subprocess.run(["openssl", "x509", "-noout", "-serial"], input=pem, capture_output=True, text=True)
        return int(out.stdout.partition("=")[2], 16)

    def ask(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Answer:
        """A request by HTTPS and HTTP/1.1."""
        connection = HTTPSConnection("127.0.0.1", self.https_port, timeout=30, context=self.client())
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def curl(self, *arguments: str, body: bytes = b"") -> tuple[str, str, str]:
        """A request by curl, which speaks HTTP/2: version, status and body."""
        command = ["curl", "-s", "--cacert", str(self.pem), "-w", "\n%{http_version} %{http_code}", *arguments]
        result = subprocess.run(command, input=body, capture_output=True, timeout=60)
        content, _, last = result.stdout.decode().rpartition("\n")
        version, _, status = last.partition(" ")
        return version, status, content


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    """docker compose up -d with the overlay."""
    need(docker_missing())
    folder = tmp_path_factory.mktemp("tls")
    stack = Secure(folder)
    stack.pem.write_text(make_certificate(folder))
    stack.pem.chmod(0o444)
    with stack:
        yield stack


@pytest.mark.parametrize("path", ["/", "/tasks?status=failed&limit=5", "/api/tasks", "/admin/", "//evil.example/"])
def test_plain_http_is_sent_to_https(secure: Secure, path: str) -> None:
    for host in (f"{NAME}:{secure.port}", NAME):
        answer = ask("POST", f"{secure.url}{path}", b"", {"Host": host})
        assert (answer.status, answer.headers["location"]) == (308, f"https://{NAME}:{secure.https_port}{path}")
    answer = ask("GET", f"{secure.url}{path}", headers={"Host": f"[::1]:{secure.port}", "X-Forwarded-Proto": "https"})
    assert answer.headers["location"] == f"https://[::1]:{secure.https_port}{path}"


def test_probes_may_go_on_by_plain_http(secure: Secure) -> None:
    assert ask("GET", f"{secure.url}/health").status == 200


def test_every_answer_by_https_tells_browsers_to_stay_with_it(secure: Secure) -> None:
    for path in ("/", "/api/tasks", "/static/nothing", "/metrics"):
        assert secure.ask("GET", path).headers["strict-transport-security"] == f"max-age={YEAR}"
    assert "strict-transport-security" not in ask("GET", f"{secure.url}/").headers


def test_clients_choose_http_2(secure: Secure) -> None:
    assert secure.curl(f"{secure.https}/api/stats")[:2] == ("2", "200")
    assert secure.curl("--http1.1", f"{secure.https}/api/stats")[:2] == ("1.1", "200")


@pytest.mark.parametrize(
    ("version", "taken"),
    [(ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True)],
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_tls_begins_with_1_2(secure: Secure, version: ssl.TLSVersion, taken: bool) -> None:
    context = secure.client()
    context.set_ciphers("ALL:@SECLEVEL=0")  # the client would do it; it is the server who refuses
    context.minimum_version = context.maximum_version = version
    connection = HTTPSConnection("127.0.0.1", secure.https_port, timeout=10, context=context)
    if taken:
        connection.connect()
        connection.close()
    else:
        with pytest.raises(ssl.SSLError, match="protocol version"):
            connection.connect()


@pytest.mark.parametrize("cipher", ["AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256"])
def test_ciphers_without_forward_secrecy_or_authentication_are_refused(secure: Secure, cipher: str) -> None:
    context = secure.client()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(f"{cipher}:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError, match="handshake failure"):
        HTTPSConnection("127.0.0.1", secure.https_port, timeout=10, context=context).connect()


def test_a_form_is_taken_and_its_cookie_is_for_https_alone(secure: Secure) -> None:
    page = secure.ask("GET", "/")
    cookie = page.headers["set-cookie"]
    assert re.search(r"; Secure(;|$)", cookie)
    token = re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', page.body)
    assert token
    form = {"csrfmiddlewaretoken": token[1].decode(), "x": "1", "task_type": "add", "y": "2"}
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie.partition(";")[0]}
    headers["Referer"] = headers["Origin"] = secure.https
    answer = secure.ask("POST", "/", urllib.parse.urlencode(form).encode(), headers)
    assert answer.status in {302, 303}


def test_the_api_is_served_by_http_2(secure: Secure) -> None:
    task = '{"x": "1", "task_type": "add", "y": "2"}'
    headers = ("-H", "Content-Type: application/json")
    assert secure.curl(*headers, "-d", task, f"{secure.https}/api/tasks")[:2] == ("2", "201")
    assert secure.curl("-X", "POST", f"{secure.https}/api/tasks/1/retry")[:2] == ("2", "409")


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_body_of_unknown_length_is_refused_by_http_2_as_well(secure: Secure, method: str) -> None:
    arguments = ("-X", method, "-H", "Content-Type: application/json", "-T", "-", f"{secure.https}/api/tasks")
    version, status, content = secure.curl(*arguments, body=b"x" * 2_000_000)
    assert (version, status) == ("2", "411")
    assert "Content-Length" in content


def test_a_body_that_is_too_large_is_refused_by_http_2_as_well(secure: Secure, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * (11 * 2**20))
    arguments = ("-H", "Content-Type: application/json", "--data-binary", f"@{tmp_path / 'large'}")
    assert secure.curl(*arguments, f"{secure.https}/api/batches")[:2] == ("2", "413")


def test_a_new_certificate_is_served_without_a_failed_request_and_a_bad_one_changes_nothing(
    secure: Secure, tmp_path: Path
) -> None:
    assert secure.serial() == 1
    with secure.pem.open("w") as file:  # into the very file that the container has
        file.write(make_certificate(tmp_path, 2))
    secure.compose("kill", "-s", "USR2", "haproxy")

    def served() -> bool:
        assert secure.healthy()
        return secure.serial() == 2

    wait_for(served, 20, "the new certificate is served", every=0.02)
    good = secure.pem.read_text()
    try:
        secure.pem.write_text("no certificate")
        secure.compose("kill", "-s", "USR2", "haproxy")
        log = partial(secure.compose, "logs", "--no-color", "haproxy")
        wait_for(lambda: "Failed to load worker" in log(), 20, "HAProxy refuses it")
    finally:
        secure.pem.write_text(good)
    assert secure.serial() == 2
    assert secure.ask("GET", "/health").status == 200


def test_a_key_that_haproxy_cannot_read_stops_the_start_with_a_sentence(secure: Secure, tmp_path: Path) -> None:
    (tmp_path / "tls.pem").write_text(make_certificate(tmp_path, 3))
    (tmp_path / "tls.pem").chmod(0o400)
    options = ("--rm", "--no-deps", "-v", f"{tmp_path / 'tls.pem'}:/tls.pem:ro", "-e", "TLS_CERTIFICATE_FILE=/tls.pem")
    with pytest.raises(AssertionError, match="TLS_CERTIFICATE_FILE cannot be read by uid 99"):
        secure.compose("run", *options, "haproxy")


def test_secure_without_anybody_who_may_say_https_does_not_start(secure: Secure) -> None:
    with pytest.raises(AssertionError, match="DJANGO_SECURE is 1, but nothing here may say"):
        secure.compose("run", "--rm", "--no-deps", "-e", "TLS_CERTIFICATE_FILE=", "web", "manage", "check")
