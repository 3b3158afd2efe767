"""Every benchmark, or those named, each in a process of its own: python -m bench [NAME ...].

A benchmark is a file here that prints its figures beside something named, and exits with 1 when a goal is missed.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
TOOLS = {"measure_fonts"}  # here because it needs what benchmarks need; run it by hand


def main(names: list[str]) -> int:
    """Run them one after the other; 1 when any missed its goal."""
    known = sorted(path.stem for path in HERE.glob("*.py") if path.stem not in TOOLS | {"__main__", "__init__"})
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"No benchmark {', '.join(unknown)}. There are: {', '.join(known)}")
        return 2
    missed = []
    for name in names or known:
        print(f"== {name}", flush=True)
        done = subprocess.run([sys.executable, "-m", f"bench.{name}"], cwd=HERE.parent, check=False)
        missed += [name] if done.returncode else []
    print(f"Missed: {', '.join(missed)}" if missed else "Every goal met")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
