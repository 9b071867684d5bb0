"""A certificate that signs itself."""

import subprocess
from pathlib import Path


def make_certificate(folder: Path, number: int = 1) -> str:
    """One for localhost with that serial number, and its key, as one text."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", str(key), "-out", str(certificate), "-set_serial", str(number), "-days", "2"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run(command, capture_output=True, check=True)
    return certificate.read_text() + key.read_text()
