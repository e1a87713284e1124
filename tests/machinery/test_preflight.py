"""What is found out before anything is started."""

import os
import socket
from contextlib import closing
from pathlib import Path

import pytest

from dashboard.local.preflight import directory_is_writable, port_is_free, troubles


def listener() -> socket.socket:
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen()
    return server


def test_port_with_a_listener_is_taken_and_free_again_afterwards() -> None:
    with closing(listener()) as server:
        port = server.getsockname()[1]
        assert not port_is_free(port)
    assert port_is_free(port)


def test_directory_that_can_be_made_is_writable_and_is_not_made(tmp_path: Path) -> None:
    assert directory_is_writable(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []


def test_file_in_the_way_makes_a_directory_unwritable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert not directory_is_writable(tmp_path / "file")
    assert not directory_is_writable(tmp_path / "file" / "below")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_directory_without_permission_is_unwritable(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert not directory_is_writable(tmp_path / "new")


def test_each_trouble_is_one_sentence_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with closing(listener()) as server:
        port = server.getsockname()[1]
        found = troubles(ports={"PORT": port}, data_dir=tmp_path / "file")
    assert found == [
        f"Port {port} is taken by another program: stop it, or choose another with PORT=...",
        f"DATA_DIR {tmp_path / 'file'} cannot be written: choose another with DATA_DIR=...",
    ]
    assert troubles(ports={"PORT": port}, data_dir=tmp_path) == []
