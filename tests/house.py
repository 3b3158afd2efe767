"""Reads the source as a tree: which module imports which, and what a room does."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src"
PACKAGE = SOURCE / "balancedue"


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of the product by its dotted name, parsed; migrations aside."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        if "migrations" not in parts:
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = ast.parse(path.read_text(), str(path))
    return found


def is_package(module: str) -> bool:
    """Whether the dotted name is a folder."""
    return (SOURCE / module.replace(".", "/")).is_dir()


def room(module: str) -> str:
    """The room a module is in: "rules", "models", ...; of the web, "web.staff" and so on. "" for the package itself."""
    parts = module.split(".")[1:]
    if parts[:1] == ["web"] and len(parts) > 1 and is_package(".".join(["balancedue", *parts[:2]])):
        return ".".join(parts[:2])
    return parts[0] if parts else ""


def imports(module: str) -> set[str]:
    """Dotted names of everything a module imports, a submodule rather than its package where that is what is meant."""
    found: set[str] = set()
    for node in ast.walk(modules()[module]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = _base(module, node)
            whole = {f"{base}.{alias.name}" for alias in node.names}
            found |= {name if name in modules() else base for name in whole}
    return found


def _base(module: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    parts = parts[: len(parts) - node.level + is_package(module)]
    return ".".join([*parts, node.module] if node.module else parts)


def own_imports(module: str) -> set[str]:
    """What a module imports from the product itself."""
    return {name for name in imports(module) if name.split(".")[0] == "balancedue"} - {module}


def circles() -> list[list[str]]:
    """Circles of modules importing one another, each once."""
    found: list[list[str]] = []
    done: set[str] = set()

    def walk(module: str, path: list[str]) -> None:
        if module in path:
            found.append([*path[path.index(module) :], module])
        elif module not in done and module in modules():
            for imported in sorted(own_imports(module)):
                walk(imported, [*path, module])
            done.add(module)

    for module in modules():
        walk(module, [])
    return found


def calls(module: str) -> Iterator[tuple[str, ast.Call]]:
    """Every call in a module with the last name of what is called: `a.b.save()` is "save"."""
    for node in ast.walk(modules()[module]):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                yield node.func.attr, node
            elif isinstance(node.func, ast.Name):
                yield node.func.id, node


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function of a tree."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def dictionaries(module: str) -> set[str]:
    """Names that a module fills with a dictionary written out: their `.update()` writes nothing anywhere."""
    assigned = (node for node in ast.walk(modules()[module]) if isinstance(node, ast.Assign | ast.AnnAssign))
    written_out = [node for node in assigned if isinstance(node.value, ast.Dict | ast.DictComp)]
    targets = [target for node in written_out for target in getattr(node, "targets", [getattr(node, "target", None)])]
    return {target.id for target in targets if isinstance(target, ast.Name)}
