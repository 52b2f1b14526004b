"""What this machine lacks for power cuts; a test that is skipped says it."""

import os
import shutil
import subprocess
from pathlib import Path

_PACKAGES = {
    "nbdkit": "nbdkit",
    "nbdfuse": "libnbd-bin",
    "mkfs.ext4": "e2fsprogs",
    "setpriv": "util-linux",
    "unshare": "util-linux",
}
_DEVICES = ("/dev/fuse", "/dev/loop-control")


def missing() -> str | None:
    """Why power cuts cannot be made here; ``None`` when they can."""
    if os.geteuid() != 0:
        return "power cuts need root (mounts and loop devices)"
    packages = sorted({package for program, package in _PACKAGES.items() if shutil.which(program) is None})
    if not packages and not _succeeds("nbdkit", "--dump-plugin", "python"):
        packages = ["nbdkit-plugin-python"]
    if packages:
        return f"power cuts need Debian's packages: apt install {' '.join(packages)}"
    devices = [name for name in _DEVICES if not Path(name).exists()]
    if devices:
        return f"power cuts need the devices {' and '.join(devices)}"
    if not _succeeds("unshare", "--mount", "true"):
        return "power cuts need mounts, which this container forbids"
    return None


def has(program: str) -> bool:
    """Whether a filesystem can be made here."""
    return shutil.which(program) is not None


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
