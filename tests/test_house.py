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

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "plip_tutorial"
MODULES = sorted(PACKAGE.rglob("*.py"))
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CHAPTERS = {
    "contrastive", "collect", "expand", "clean", "finetune", "gradcache", "plip", "zero_shot", "linear_probe",
    "retrieval", "limits", "audit",
}  # fmt: skip
# What a chapter may take from the chapter before it, because it consumes its product.
CONSUMES = {("clean", "expand"), ("finetune", "contrastive"), ("finetune", "gradcache"), ("gradcache", "contrastive")}
# Parts of a chapter's module that stand in files of their own.
PARTS = {
    "toy": "contrastive",
    "training_run": "finetune",
    "validation": "finetune",
    "lora": "finetune",
    "optimizer": "finetune",
    "embed": "plip",
    "embedding_cache": "plip",
    "pool": "plip",
    "vector_index": "expand",
    "approximate_index": "expand",
    "stain_normalization": "limits",
    "laboratory_shift": "limits",
}
RECIPES = {
    "tiny_model", "recipe", "curation", "artifacts", "ablation", "canary", "prepare", "report", "scale", "steps",
    "sweep",
}  # fmt: skip
TOPS = {"app", "__main__", "widgets", "__init__"}


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


def _layer(module: str) -> int:
    if module in TOPS:
        return 3
    if module in RECIPES:
        return 2
    return 1 if PARTS.get(module, module) in CHAPTERS else 0


def _imports(path: Path) -> set[str]:
    """First names below the package of what a module imports when it runs; imports for types only do not count."""
    found = set()
    tree = ast.parse(_text(path))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.ImportFrom) and node.module == "plip_tutorial":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("plip_tutorial."):
            found.add(str(node.module).split(".")[1])
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("plip_tutorial.")}
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_run_downward_only(path: Path) -> None:
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for other in _imports(path) - {own, "__version__"}:
        assert other not in TOPS or _layer(own) == 3, f"{own} imports {other}: nothing imports app, __main__ or widgets"
        assert _layer(other) <= _layer(own), f"{own} imports {other}, which lies above it"
        if _layer(own) == _layer(other) == 1:
            pair = (PARTS.get(own, own), PARTS.get(other, other))
            assert pair[0] == pair[1] or pair in CONSUMES, (
                f"chapter {own} imports chapter {other}, whose product it does not consume"
            )


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
