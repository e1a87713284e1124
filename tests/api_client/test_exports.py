import inspect
import pkgutil
from importlib import import_module
from pathlib import Path

import api_client
from api_client import ApiError, Record


def modules() -> list[str]:
    found = pkgutil.walk_packages(api_client.__path__, "api_client.")
    return [module.name for module in found]


def classes(base: type) -> set[str]:
    members = (member for name in modules() for member in vars(import_module(name)).values())
    return {
        member.__name__
        for member in members
        if inspect.isclass(member) and issubclass(member, base) and member.__module__.startswith("api_client")
    }


def test_all_lists_exactly_the_public_names() -> None:
    public = {
        name for name, value in vars(api_client).items() if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert set(api_client.__all__) == public
    assert len(api_client.__all__) == len(set(api_client.__all__))


def test_every_error_and_every_record_is_exported() -> None:
    assert classes(ApiError) | classes(Record) <= set(api_client.__all__)


def test_every_error_says_something_of_its_own_to_people() -> None:
    for name in classes(ApiError):
        sentence = getattr(api_client, name).for_people
        assert sentence.endswith("."), name
        assert "image skill" not in sentence.lower(), name


def test_the_tree_in_the_docstring_names_every_error() -> None:
    drawn = import_module("api_client.errors").__doc__ or ""
    assert [name for name in classes(ApiError) if name not in drawn] == []


def test_the_package_is_marked_as_typed() -> None:
    assert (Path(api_client.__file__).parent / "py.typed").exists()
