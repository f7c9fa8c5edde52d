"""Certificates once a session, a device once a test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.ussl_shim.certs import Certificates
from tests.ussl_shim.device import Device


@pytest.fixture(scope="session")
def certs() -> Certificates:
    return Certificates()


@pytest.fixture
def device(certs: Certificates) -> Iterator[Device]:
    with Device(certs.files) as made:
        yield made
