"""A Redis that speaks TLS alone, as a machine of its own: certificates of a CA made for the test, and a user."""

import hashlib
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from support.embedded import free_port
from support.pins import pin
from support.waiting import wait_for

IMAGE = pin("REDIS_IMAGE")
USER, PASSWORD = "shop", "p@ss/w:rd#?%41 &"


def openssl(folder: Path, *arguments: str) -> None:
    """The openssl command, in the folder."""
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def make_ca(folder: Path, name: str) -> Path:
    """A CA of its own, with the extensions without which Python 3.13 refuses it (RFC 5280)."""
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    made = ("-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}")
    openssl(folder, "req", "-x509", *key, *made, "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    return folder / f"{name}.pem"


def make_certificate(folder: Path, ca: str, names: str) -> None:
    """server.pem and server.key, signed by the CA for the names."""
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl(folder, "req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=redis")
    (folder / "names").write_text(f"subjectAltName={names}\nauthorityKeyIdentifier=keyid\n")
    signed = ("-CA", f"{ca}.pem", "-CAkey", f"{ca}.key", "-CAcreateserial", "-extfile", "names")
    openssl(folder, "x509", "-req", "-in", "server.csr", "-out", "server.pem", *signed)


class TlsRedis:
    """The server in a container; its user `shop` may do what the local Redis's may."""

    def __init__(self, folder: Path, name: str, rights: str, address: str = "127.0.0.1") -> None:
        self.folder, self.name, self.rights, self.address, self.port = folder, name, rights, address, free_port()

    def cli(self, *command: str) -> str:
        """redis-cli, as its owner."""
        login = ["--tls", "--cacert", "/tls/ca.pem", "-a", "owner", "--no-auth-warning"]
        full = ["docker", "exec", self.name, "redis-cli", *login, *command]
        return subprocess.run(full, capture_output=True, text=True, check=False).stdout.strip()

    def __enter__(self) -> Self:
        self.remove()
        files = {"cert": "server.pem", "key": "server.key", "ca-cert": "ca.pem"}
        options = [part for name, file in files.items() for part in (f"--tls-{name}-file", f"/tls/{file}")]
        secret = hashlib.sha256(PASSWORD.encode()).hexdigest()
        lines = f"user default on >owner ~* &* +@all\nuser {USER} on #{secret} {self.rights}\n"
        (self.folder / "users.acl").write_text(lines)
        server = ["redis-server", "--port", "0", "--tls-port", "6379", "--tls-auth-clients", "no", *options]
        published = f"{self.address}:{self.port}:6379"
        run = ["docker", "run", "-d", "--name", self.name, "-p", published, "-v", f"{self.folder}:/tls:ro"]
        command = [*run, "--user", "0", "--entrypoint", "", IMAGE, *server, "--aclfile", "/tls/users.acl"]
        subprocess.run(command, check=True, capture_output=True)
        wait_for(lambda: self.cli("ping") == "PONG", 30, "the Redis with TLS answers")
        return self

    def remove(self) -> None:
        """Away with it."""
        subprocess.run(["docker", "rm", "-f", self.name], capture_output=True, check=False)

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()
