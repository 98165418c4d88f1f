"""nginx in three parts for the comparison: the static upstream, a plain proxy, and a proxy that redacts with Lua (Debian packages)."""

import shutil
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

MODULES = Path("/usr/lib/nginx/modules")
LUA_MODULES = ("ndk_http_module.so", "ngx_http_lua_module.so")

#: what the Lua peer does to an order: the eight personal fields of the label printer's page, removed or replaced by keyed pseudonyms
REDACT = """
local cjson = require "cjson.safe"
local tokens = ngx.shared.tokens
local key = "0123456789abcdef"
local function pseudonym(value)
  return ngx.encode_base64(ngx.hmac_sha1(key, value)):lower():sub(1, 16) .. "@relay.invalid"
end
local function redact(order)
  local buyer, address = order.BuyerInfo, order.ShippingAddress
  if type(buyer) == "table" then
    if buyer.BuyerEmail then buyer.BuyerEmail = pseudonym(buyer.BuyerEmail) end
    buyer.BuyerName, buyer.BuyerTaxInfo, buyer.PurchaseOrderNumber = nil, nil, nil
  end
  if type(address) == "table" then
    address.Name, address.AddressLine1, address.AddressLine2, address.Phone = nil, nil, nil, nil
  end
  order.BuyerTaxInformation = nil
end
local token = ngx.req.get_headers()["x-amz-access-token"]
if not token then return ngx.exit(403) end
local digest = ngx.sha1_bin(token)
local seller = tokens:get(digest)
if not seller then tokens:set(digest, "seller"); seller = "seller" end
local answer = ngx.location.capture("/upstream" .. ngx.var.uri)
local document = cjson.decode(answer.body)
if not document then return ngx.exit(502) end
local orders = document.payload.Orders or { document.payload }
local hashes = {}
for index = 1, #orders do
  redact(orders[index])
  hashes[index] = ngx.sha1_bin(key .. orders[index].AmazonOrderId)
end
ngx.header["content-type"] = "application/json"
ngx.print(cjson.encode(document))
"""


def lua_is_here() -> bool:
    return shutil.which("nginx") is not None and all((MODULES / name).exists() for name in LUA_MODULES)


class Nginx:
    """The static upstream as one nginx, the two peers as another, each with one worker, so that no peer shares its process with upstream.

    `files` is the folder of the static upstream's answers; `lua` is None where the module is not installed.
    """

    def __init__(self, folder: Path, files: Path, *, upstream: int, proxy: int, lua: int | None) -> None:
        self.folder, self.files = folder, files
        self.upstream, self.proxy, self.lua = upstream, proxy, lua
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        self._run("upstream", "", self._server(self.upstream, self._static()))
        peers = self._server(self.proxy, "location / { proxy_pass http://upstream; }")
        modules = ""
        if self.lua:
            modules = "".join(f"load_module {MODULES / name};\n" for name in LUA_MODULES)
            peers += self._server(self.lua, self._redacting())
        self._run("peers", modules, peers)
        for port in (self.upstream, self.proxy):
            self._wait(port)

    def _run(self, name: str, modules: str, servers: str) -> None:
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "redact.lua").write_text(REDACT)
        config = folder / "nginx.conf"
        config.write_text(self._config(folder, modules, servers))
        command = ["nginx", "-p", str(folder), "-c", str(config), "-e", str(folder / "error.log")]
        self.processes.append(subprocess.Popen(command))

    def _wait(self, port: int) -> None:
        for _ in range(100):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1).close()
                return
            except (OSError, urllib.error.URLError):
                time.sleep(0.05)
        raise AssertionError(f"nginx did not start, see {self.folder}")

    def stop(self) -> None:
        for process in self.processes:
            process.terminate()
            process.wait()
        self.processes.clear()

    def _config(self, folder: Path, modules: str, servers: str) -> str:
        temporary = "".join(f"{kind}_temp_path {folder}/{kind}; " for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
        return f"""{modules}
worker_processes 1;
pid {folder}/nginx.pid;
daemon off;
user root;
error_log {folder}/error.log warn;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  default_type application/json;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/body; {temporary}
  open_file_cache max=100; open_file_cache_valid 1h;
  proxy_http_version 1.1; proxy_set_header connection ""; proxy_buffers 64 16k; proxy_buffer_size 16k;
  subrequest_output_buffer_size 4m;
  {"lua_shared_dict tokens 10m;" if modules else ""}
  upstream upstream {{ server 127.0.0.1:{self.upstream}; keepalive 256; keepalive_requests 1000000000; }}
  {servers}
}}
"""

    def _static(self) -> str:
        return (
            f'root {self.files}; location = /healthz {{ return 200 "ok"; }} '
            "location / { add_header x-marketplace-seller $http_x_marketplace_seller; try_files $uri.json =404; }"
        )

    def _redacting(self) -> str:
        return (
            "location / { content_by_lua_file redact.lua; } "
            "location /upstream/ { internal; proxy_pass http://upstream/; proxy_pass_request_headers off; }"
        )

    def _server(self, port: int, inside: str) -> str:
        return f"server {{ listen 127.0.0.1:{port} backlog=4096; {inside} }}\n  "
