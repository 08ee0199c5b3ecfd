"""Install the real servers: ``python install.py VENV REQUIREMENTS``.

Each group of the requirements is installed by itself. One that cannot be installed here, for want
of a package, of space or of a build for this machine, costs its own servers alone: their tests
are skipped with a reason.

The packages are pinned and installed without what they ask for, but for the group ``torch``. pip
does it, not uv, for a machine may have told pip where it keeps a torch without CUDA.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

#: Seconds that a group may take.
LIMIT = 1800
_GROUP = "# group: "


def groups(text: str) -> dict[str, list[str]]:
    """The requirements of each group, by its name."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        if line.startswith(_GROUP):
            name = line.removeprefix(_GROUP)
            found[name] = []
        elif line and not line.startswith("#"):
            found[name].append(line)
    return found


def main(folder: Path, requirements: Path) -> None:
    """Make the venv, and install what is not there yet."""
    text = requirements.read_text()
    if not (folder / "bin" / "python").exists():
        venv.create(folder, with_pip=True)
    for name, wanted in groups(text).items():
        stamp = folder / f".{name.partition(',')[0]}"
        if stamp.exists() and stamp.read_text() == "\n".join(wanted):
            continue
        print(f"installing {name}", flush=True)
        bare = [] if name.startswith("torch") else ["--no-deps"]
        command = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *bare]
        try:
            done = subprocess.run(
                [*command, "--disable-pip-version-check", *wanted],
                check=False, timeout=LIMIT, capture_output=True, text=True,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            print(f"{name}: not installed within {LIMIT} s")
            continue
        if done.returncode:
            lines = [each for each in done.stderr.splitlines() if each.startswith("ERROR")]
            print(f"{name}: cannot be installed: {(lines or ['pip says nothing'])[-1]}")
        else:
            stamp.write_text("\n".join(wanted))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
