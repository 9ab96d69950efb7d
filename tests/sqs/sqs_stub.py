#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A strict stand-in for Amazon SQS, on 127.0.0.1: verifies signatures, counts, and fails as it is told.

README.md beside this file says what it does, and how its faults are told.
"""
import argparse
import json
import os
import signal
import ssl
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from stub.codes import Refused  # noqa: E402
from stub.settings import TABLE, Settings  # noqa: E402
from stub.wire import Server  # noqa: E402
from stub.world import World  # noqa: E402

USAGE, NO_INPUT, UNAVAILABLE, CANT_CREATE = 64, 66, 69, 73


def fail(status, message):
    print(f"sqs_stub: {message}", file=sys.stderr)
    sys.exit(status)


class Parser(argparse.ArgumentParser):
    def error(self, message):
        fail(USAGE, message)


def parse_options():
    parser = Parser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; 0: any that is free (0)")
    parser.add_argument("--port-file", help="where to write the port, renamed into place")
    parser.add_argument("--lifetime", type=float, default=3600, help="seconds, then it ends by itself (3600)")
    parser.add_argument("--with-parent", choices=["on", "off"], default="off",
                        help="end when the process that started it ends (off)")
    parser.add_argument("--key", action="append", default=[], metavar="ID:SECRET[:TOKEN]",
                        help="who may ask; may be repeated (AKIDSTUB:stub-secret)")
    parser.add_argument("--queue", action="append", default=[], metavar="NAME[=ATTRIBUTES]",
                        help="is there from the start, attributes as JSON; may be repeated")
    parser.add_argument("--faults", metavar="FILE", help="rules, a list in JSON")
    parser.add_argument("--tls", nargs=2, metavar=("CERTIFICATE", "KEY"), help="speak HTTPS")
    for name, (_, default, what) in TABLE.items():
        shown = {True: "on", False: "off"}.get(default, default) if isinstance(default, bool) else default
        parser.add_argument("--" + name.replace("_", "-"), metavar="VALUE",
                            help=f"{what} ({shown})" if shown != "" else what)
    return parser.parse_args()


def make_world(options):
    settings = Settings()
    try:
        settings.set((name, getattr(options, name)) for name in TABLE if getattr(options, name) is not None)
        world = World(settings)
        for key in options.key or ["AKIDSTUB:stub-secret"]:
            world.keys.add(*key.split(":", 2))
        for queue in options.queue:
            name, _, attributes = queue.partition("=")
            world.admin_queue({"name": name, "attributes": attributes or "{}"})
        if options.faults:
            with open(options.faults, encoding="utf-8") as file:
                world.faults.replace(json.load(file))
    except OSError as error:
        fail(NO_INPUT, error)
    except Refused as refused:
        fail(USAGE, refused.message)
    except (ValueError, TypeError) as error:
        fail(USAGE, error)
    return world


def write_port(path, port):
    try:
        with open(path + ".new", "w", encoding="ascii") as file:
            file.write(f"{port}\n")
        os.replace(path + ".new", path)
    except OSError as error:
        fail(CANT_CREATE, error)


def end_in_time(options, parent):
    end = time.monotonic() + options.lifetime
    while time.monotonic() < end:
        if options.with_parent == "on" and os.getppid() != parent:
            break
        time.sleep(min(0.5, max(0, end - time.monotonic())))
    os._exit(0)


def main():
    options = parse_options()
    world = make_world(options)
    tls = None
    if options.tls:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            tls.load_cert_chain(*options.tls)
        except (OSError, ssl.SSLError) as error:
            fail(NO_INPUT, error)
    try:
        server = Server(options.port, world, tls)
    except OSError as error:
        fail(UNAVAILABLE, error)
    port = server.server_address[1]
    if options.port_file:
        write_port(options.port_file, port)
    print(f"listening on {'https' if tls else 'http'}://127.0.0.1:{port}", flush=True)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(0))
    threading.Thread(target=end_in_time, args=(options, os.getppid()), daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
