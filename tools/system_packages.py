"""Debian packages that a target needs beyond Python: `python -m tools.system_packages test`. Installs what is missing, as root."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

#: target -> (program or file that shows the package is there, package)
NEEDED = {
    "test": (("chromium", "chromium"),),
    "bench": (
        ("nginx", "nginx"),
        ("wrk", "wrk"),
        ("/usr/lib/nginx/modules/ngx_http_lua_module.so", "libnginx-mod-http-lua"),
        ("/usr/share/doc/lua-cjson", "lua-cjson"),
    ),
}


def _is_there(sign: str) -> bool:
    return Path(sign).exists() if sign.startswith("/") else shutil.which(sign) is not None


def main(target: str) -> int:
    missing = [package for sign, package in NEEDED[target] if not _is_there(sign)]
    if not missing:
        return 0
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        print(f"please install: sudo {' '.join(command)}", file=sys.stderr)
        return 1
    print(f"installing Debian packages: {', '.join(missing)}", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], check=True, env=quiet)
    return subprocess.run(command, check=True, env=quiet, stdout=subprocess.DEVNULL).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
