"""The rules of the house: versions agree, layers hold, files stay short, nothing unsafe and no stray address."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import house

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "plip_tutorial"
MODULES = sorted(PACKAGE.rglob("*.py"))
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _name(requirement: str) -> str:
    return re.match(r"[A-Za-z0-9._-]+", requirement)[0].lower().replace("_", "-").replace(".", "-")  # type: ignore[index]


def _pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {_name(name): version for name, version in pairs}


def _tracked() -> list[Path]:
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split(
        "\n"
    )
    found = [ROOT / name for name in names if name and (ROOT / name).is_file()]
    if not found:
        pytest.skip("not a git checkout: the list of files that belong to the project is not known")
    return found


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def test_every_direct_dependency_is_pinned_inside_its_range() -> None:
    from packaging.requirements import Requirement

    project, pins = CONFIG["project"], _pins()
    wanted = [*project["dependencies"], *(r for extra in project["optional-dependencies"].values() for r in extra)]
    assert wanted
    for requirement in map(Requirement, wanted):
        pin = pins.get(_name(requirement.name))
        assert pin, f"{requirement.name} is not in constraints.txt"
        assert requirement.specifier.contains(pin), f"{requirement.name}=={pin} is outside {requirement.specifier}"


def test_what_is_installed_is_what_is_pinned() -> None:
    from importlib.metadata import PackageNotFoundError, version

    seen = 0
    for name, pin in _pins().items():
        try:
            installed = version(name)
        except PackageNotFoundError:
            continue
        assert installed.split("+")[0] == pin, f"{name} is {installed}, constraints.txt says {pin}. Run: make setup"
        seen += 1
    assert seen > 20


def test_conda_and_make_install_the_same() -> None:
    conda = yaml.safe_load(_text(ROOT / "environment.yml"))
    pip = next(part["pip"] for part in conda["dependencies"] if isinstance(part, dict))
    extras = re.search(r'--editable "(\.\[[\w,]+\])"', _text(ROOT / "Makefile"))
    assert extras
    assert pip == ["--constraint constraints.txt", f"--editable {extras[1]}"]
    assert set(extras[1][2:-1].split(",")) <= set(CONFIG["project"]["optional-dependencies"])
    python = next(part for part in conda["dependencies"] if str(part).startswith("python="))
    assert python.removeprefix("python=") in ("3.11", "3.12", "3.13")


def test_versions_of_package_and_citation_agree() -> None:
    import plip_tutorial

    version = CONFIG["project"]["version"]
    assert plip_tutorial.__version__ == version
    assert yaml.safe_load(_text(ROOT / "CITATION.cff"))["version"] == version
    assert f"Version {version}." in yaml.safe_load(_text(ROOT / "_config.yml"))["html"]["extra_footer"]
    assert _text(ROOT / "CHANGELOG.md").split("\n## ")[1].startswith(f"{version}\n")


def test_the_address_of_the_repository_stands_in_one_place() -> None:
    """Derived notebooks carry it as well: `tests/book/test_colab.py` and `test_plain_notebooks.py` say where."""
    address = yaml.safe_load(_text(ROOT / "_config.yml"))["repository"]["url"]
    slug = address.split("//", 1)[1].split("/", 1)[1]
    owner, name = slug.split("/")
    texts = {path.relative_to(ROOT): _text(path) for path in _tracked() if path.suffix != ".ipynb"}
    assert [path for path, text in texts.items() if slug in text] == [Path("_config.yml")]
    assert [path for path, text in texts.items() if f"{owner}.github.io/{name}" in text] == []


def test_no_path_of_a_machine_and_no_host_of_an_index() -> None:
    stray = re.compile(r"/(?:home|root|Users|work)/\w+|find-links|extra-index-url|index-url\s*=")
    allowed = {Path("tests/test_house.py")}
    found = [(p.relative_to(ROOT), m[0]) for p in _tracked() if (m := stray.search(_text(p)))]
    assert [hit for hit in found if hit[0] not in allowed] == []


def test_imports_run_downward_only_and_never_in_a_circle() -> None:
    """The floors are read off the folders: whatever a room imports, at its top or inside a function, lies below it."""
    edges = house.graph(PACKAGE)
    assert house.circles(edges) == []
    assert house.circles(house.rooms(edges)) == []
    floors = house.floors(house.rooms(edges))
    assert all(floors[other] < floors[room] for room, others in house.rooms(edges).items() for other in others)
    assert floors["microcosm"] < floors["collect"] < floors["artifacts"] < floors["__main__"]
    assert max(floors, key=floors.__getitem__) == "__main__"


def test_the_house_can_be_seen_at_a_glance() -> None:
    entries = {path.name for path in PACKAGE.iterdir()} - {"__pycache__"}
    assert len(entries) <= 28, sorted(entries)


def test_no_two_files_of_tests_have_one_name() -> None:
    """Folders of tests are no packages, so pytest would refuse the second."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted({name for name in names if names.count(name) > 1}) == []


def test_each_room_says_what_happens_in_it_and_where() -> None:
    for room in PACKAGE.glob("*/__init__.py"):
        said = ast.get_docstring(ast.parse(_text(room))) or ""
        assert said, room
        files = {path.stem for path in room.parent.glob("*.py")} - {"__init__"}
        assert [name for name in sorted(files) if f"`{name}`" not in said] == [], f"{room} does not name its files"


def test_collecting_needs_no_model() -> None:
    code = "import sys, plip_tutorial.collect; print([m for m in ('torch', 'transformers') if m in sys.modules])"
    assert _said(code) == "[]"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_files_are_short_and_safe(path: Path) -> None:
    text = _text(path)
    assert text.count("\n") <= 300
    tree = ast.parse(text)
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert called.isdisjoint({"eval", "exec", "torch.load", "pickle.load", "pickle.loads", "joblib.load"})
    switched_on = {
        word.arg
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for word in node.keywords
        if isinstance(word.value, ast.Constant) and word.value.value is True
    }
    assert switched_on.isdisjoint({"trust_remote_code", "allow_pickle"})


def _said(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_importing_the_package_is_light() -> None:
    heavy = "('torch', 'transformers', 'datasets', 'numpy')"
    assert _said(f"import sys, plip_tutorial; print([m for m in {heavy} if m in sys.modules])") == "[]"


def test_plip_is_loaded_from_the_package_when_it_is_asked_for() -> None:
    same = "from plip_tutorial import PLIP; from plip_tutorial import plip; print(PLIP is plip.PLIP)"
    assert _said(same) == "True"
    assert (
        _said("import plip_tutorial; print('PLIP' in dir(plip_tutorial), hasattr(plip_tutorial, 'CLIP'))")
        == "True False"
    )
