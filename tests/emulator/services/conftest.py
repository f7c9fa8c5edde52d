"""Benches of the FTP server."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.emulator.services.ftp_harness import Bench


@pytest.fixture
def make() -> Iterator[Callable[..., Bench]]:
    benches: list[Bench] = []

    def one(*arguments: str, **options: object) -> Bench:
        benches.append(Bench(*arguments, **options))
        return benches[-1]

    yield one
    for bench in benches:
        bench.close()


@pytest.fixture
def bench(make: Callable[..., Bench]) -> Bench:
    return make()


@pytest.fixture(params=["littlefs", "fat"])
def either(request: pytest.FixtureRequest, make: Callable[..., Bench]) -> Bench:
    return make(request.param)
