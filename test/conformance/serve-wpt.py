"""Runs the server of a web-platform-tests checkout (its tools/serve) on 127.0.0.1 without TLS, and prints its host and ports as one line of JSON.

Usage: serve-wpt.py CHECKOUT. Ends when its standard input does.
"""

import json
import os
import signal
import sys
import threading

checkout = os.path.abspath(sys.argv[1])
sys.path.insert(0, os.path.join(checkout, "tools"))

import localpaths  # noqa: E402,F401 -- adds the checkout's own packages to the path
from serve import serve  # noqa: E402

opened = {"http": ["auto", "auto"], "ws": ["auto"]}
# Scripts of the checkout name these ports; nothing listens there.
unopened = {"https": [65535, 65534], "wss": [65533], "h2": [65532]}
start_servers = serve.start_servers


class ConfigBuilder(serve.ConfigBuilder):
    """The checkout's defaults, but for what listens: clear-text HTTP and WebSocket on ports from the system."""

    def __init__(self, logger, *arguments, **options):
        self._default = {
            **serve.ConfigBuilder._default,
            "ports": opened,
            "server_host": "127.0.0.1",
            "check_subdomains": False,
            "ssl": {"type": "none", "encrypt_after_connect": False, "none": {}},
            "logging": {"level": "critical", "suppress_handler_traceback": True},
        }
        super().__init__(logger, *arguments, **options)


def start_opened(logger, host, ports, *arguments, **options):
    return start_servers(logger, host, {scheme: ports[scheme] for scheme in opened}, *arguments, **options)


def announce(logger, aliases, config):
    """Stands where the routes are built: the first place that knows the ports."""
    print(json.dumps({"host": config.browser_host, "ports": config.ports}), flush=True)
    config.ports.update(unopened)
    return serve.get_route_builder(logger, aliases, config)


def end_with_standard_input():
    # Not `sys.stdin`, whose lock a forked server process would wait for.
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGINT)


if __name__ == "__main__":
    serve.start_servers = start_opened
    threading.Thread(target=end_with_standard_input, daemon=True).start()
    sys.exit(serve.run(config_cls=ConfigBuilder, route_builder=announce, h2=False))
