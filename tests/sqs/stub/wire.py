# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1: a thread a connection, requests as the bytes that came, answers whole or broken as told.

Not http.server: that one parses headers with the e-mail parser, which costs more than all the rest, and hides
the bytes that a signature is made of.
"""
import socket
import socketserver
import struct
import sys
import time
import traceback

HEAD_BYTES = 64 * 1024
BODY_BYTES = 16 * 1024 * 1024  # 1 MiB, every byte of it a JSON escape, and what else there is
REASONS = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 429: "Too Many Requests",
           500: "Internal Server Error", 503: "Service Unavailable"}


class Ended(Exception):
    """The connection is over."""


class Request:
    def __init__(self, method, target, headers, body):
        self.method, self.target, self.headers, self.body = method, target, headers, body
        self.path = target.partition("?")[0]
        self.query = target.partition("?")[2]

    def header(self, name):
        for key, value in self.headers:
            if key == name:
                return value
        return None


class Answer:
    """`cut`: None, or one of faults.PLACES but 'before'; `code`: for the statistics."""

    def __init__(self, status, body=b"", content_type="application/x-amz-json-1.0", headers=None, code=""):
        self.status, self.body, self.content_type, self.code = status, body, content_type, code
        self.headers = headers or []
        self.cut, self.reset, self.bytes_per_second = None, False, 0


class Connection(socketserver.BaseRequestHandler):
    """server.world answers; see ../sqs_stub.py."""

    def setup(self):
        self.data = bytearray()
        self.served = 0
        if self.server.tls:
            self.request.settimeout(10)
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
        self.request.settimeout(None)
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def handle(self):
        world = self.server.world
        world.stats.connection(1)
        try:
            while self.serve_one(world):
                pass
        except (Ended, OSError):
            pass
        except Exception:  # a fault of this program must be seen
            traceback.print_exc()
            world.stats.crashed()
        finally:
            world.stats.connection(-1)

    def finish(self):
        if self.server.tls:  # the socket that the server would close is no longer one
            self.request.close()

    def serve_one(self, world):
        request = self.read_request(world.settings.idle_seconds)
        self.served += 1
        answer = world.answer(request, self)
        keep = self.write(request, answer, world.settings)
        most = world.settings.connection_requests
        return keep and not (most and self.served >= most)

    # ---- reading

    def more(self):
        data = self.request.recv(262144)
        if not data:
            raise Ended
        self.data += data

    def read_request(self, idle):
        if not self.data:
            self.request.settimeout(idle)
            self.more()
        self.request.settimeout(30)  # half a request is not waited for in vain
        while b"\r\n\r\n" not in self.data:
            if len(self.data) > HEAD_BYTES:
                self.refuse(431)
            self.more()
        head, _, rest = self.data.partition(b"\r\n\r\n")
        lines = bytes(head).decode("latin-1").split("\r\n")
        self.data = bytearray(rest)
        words = lines[0].split(" ")
        if len(words) != 3 or words[2] not in ("HTTP/1.1", "HTTP/1.0") or not words[1].startswith("/"):
            self.refuse(400)
        request = Request(words[0], words[1], self.parse_headers(lines[1:]), b"")
        request.body = self.read_body(request)
        self.request.settimeout(None)
        return request

    def parse_headers(self, lines):
        headers = []
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon or not name or name != name.strip():
                self.refuse(400)
            headers.append((name.lower(), value.strip(" \t")))
        return headers

    def read_body(self, request):
        if request.header("transfer-encoding"):
            self.refuse(501)
        length = request.header("content-length")
        if length is None:
            if request.method in ("POST", "PUT"):
                self.refuse(411)
            length = "0"
        if not length.isdecimal() or int(length) > BODY_BYTES:
            self.refuse(413)
        length = int(length)
        if (request.header("expect") or "").lower() == "100-continue" and len(self.data) < length:
            self.request.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        while len(self.data) < length:
            self.more()
        body = bytes(self.data[:length])
        del self.data[:length]
        return body

    def refuse(self, status):
        self.request.sendall(f"HTTP/1.1 {status} {REASONS.get(status, 'No')}\r\nContent-Length: 0\r\n"
                             "Connection: close\r\n\r\n".encode())
        raise Ended

    def client_is_gone(self):
        """Whether the client closed its side; what it sent ahead stays there.  Nobody knows with TLS."""
        if self.server.tls:
            return False
        try:
            return not self.request.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True

    # ---- writing

    def write(self, request, answer, settings):
        """Whether the connection goes on."""
        if answer is None:
            return False
        keep = (request.header("connection") or "").lower() != "close"
        body = answer.body
        if answer.cut == "json":  # rightly framed, half of it
            body = body[:len(body) // 2]
        lines = [f"HTTP/1.1 {answer.status} {REASONS.get(answer.status, 'Told')}",
                 time.strftime("Date: %a, %d %b %Y %H:%M:%S GMT", time.gmtime(settings.wall())),
                 f"Content-Type: {answer.content_type}", f"Content-Length: {len(body)}",
                 "Connection: " + ("keep-alive" if keep else "close"),
                 *(f"{name}: {value}" for name, value in answer.headers)]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        if answer.cut in ("after", "head", "middle"):
            keeps = {"after": b"", "head": head[:len(head) // 2], "middle": head + body[:len(body) // 2]}
            return self.break_off(keeps[answer.cut], answer.reset)
        if answer.bytes_per_second:
            self.trickle(head + body, answer.bytes_per_second)
        else:
            self.request.sendall(head + body)
        return keep

    def trickle(self, data, rate):
        step = max(1, rate // 10)
        for start in range(0, len(data), step):
            self.request.sendall(data[start:start + step])
            time.sleep(step / rate)

    def break_off(self, data, reset):
        self.request.sendall(data)
        if reset:  # with no time to linger, close() is RST
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.request.close()
        return False


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port, world, tls=None):
        super().__init__(("127.0.0.1", port), Connection)
        self.world, self.tls = world, tls

    def handle_error(self, request, client_address):
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            traceback.print_exc()


def refused_answer(refused, settings):
    """An error as the JSON protocol says it."""
    code, namespace = refused.code, refused.namespace
    headers = []
    if namespace == "com.amazon.coral.service" and settings.spelling == "query" and refused.query_code:
        code = refused.query_code
    elif refused.query_code:
        headers.append(("x-amzn-query-error",
                        f"{refused.query_code};{'Sender' if refused.sender_fault else 'Receiver'}"))
    answer = Answer(refused.status, settings.dumps({"__type": f"{namespace}#{code}",
                                                    settings.message_key: refused.message}),
                    headers=headers, code=code)
    return answer
