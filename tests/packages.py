"""Packages of the documents, installed as their readers would."""

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path


def wheel(source: Path, folder: Path) -> Path:
    """The package as a wheel, as its declaration says: building one with setuptools would need the network."""
    declared = tomllib.loads((source / "pyproject.toml").read_text("utf-8"))
    project, [module] = declared["project"], declared["tool"]["setuptools"]["py-modules"]
    name = f"{project['name'].replace('-', '_')}-{project['version']}"
    path = folder / f"{name}-py3-none-any.whl"
    groups = (
        f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in points.items())
        for group, points in project["entry-points"].items()
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(source / f"{module}.py", f"{module}.py")
        about = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        archive.writestr(f"{name}.dist-info/METADATA", about)
        archive.writestr(f"{name}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{name}.dist-info/entry_points.txt", "\n".join(groups))
        archive.writestr(f"{name}.dist-info/RECORD", "")
    return path


def run_with(package: Path, folder: Path, program: str, *arguments: Path) -> str:
    """What a program prints with a package installed beside idletalk."""
    target = folder / "target"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", str(target)]
    subprocess.run([*pip, str(wheel(package, folder))], check=True)
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(target)},
        capture_output=True,
        check=True,
        text=True,
    )
    return done.stdout
