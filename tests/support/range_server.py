#!/usr/bin/env python3
"""A small HTTP server for the tests of the downloader.

usage: range_server.py FOLDER MODE

MODE is 'ranges' (serves parts of files), 'whole' (plain http.server: always the whole file), 'cut' (like
'ranges', but the first answer for each file breaks off half way), or 'endless' (never stops sending). Prints its port, then serves until its
standard input closes. Each request is appended to FOLDER/requests.log as 'PATH RANGE'.
"""
import functools
import http.server
import pathlib
import re
import sys
import threading


class Handler(http.server.SimpleHTTPRequestHandler):
    mode = "ranges"
    cut = set()

    def log_message(self, *args):
        pass

    def do_GET(self):
        wanted = self.headers.get("Range")
        with open(pathlib.Path(self.directory) / "requests.log", "a") as log:
            log.write(f"{self.path} {wanted or '-'}\n")
        path = pathlib.Path(self.translate_path(self.path))
        if self.mode == "endless":
            self.send_response(200)
            self.end_headers()
            while True:
                self.wfile.write(bytes(1 << 16))
        if self.mode == "whole" or not path.is_file():
            super().do_GET()
            return
        content = path.read_bytes()
        begin = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) if wanted else 0
        if wanted and begin >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if wanted else 200)
        if wanted:
            self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        body = content[begin:]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.mode == "cut" and self.path not in self.cut:
            self.cut.add(self.path)
            body = body[: len(body) // 2]
        self.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *args):  # clients of these tests break off on purpose
        pass


def main() -> None:
    folder, Handler.mode = sys.argv[1:]
    server = Server(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


main()
