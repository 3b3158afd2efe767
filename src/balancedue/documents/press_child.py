"""The process that sets type. Reads jobs from standard input, writes PDFs to standard output, until its input ends.

Run by path by `press.py`; imports nothing of ours, so that it starts fast and holds no settings and no secrets.
A frame is a length (4 bytes, big-endian) and as many bytes. A job: {"template", "data", "moment"} as JSON.
An answer: one byte, "P" and the PDF or "E" and a sentence; then a frame with the memory held now, in KiB, as text.
"""

import contextlib
import json
import os
import queue
import resource
import signal
import struct
import sys
import threading
from pathlib import Path
from typing import BinaryIO

import typst

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
STANDARDS: "list[typst.PDFStandard]" = ["a-3b", "ua-1"]
IDLE_S = 600  # with no work for so long the process ends; the next job starts another


def main() -> None:
    """Work until there is nothing more to come."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which closes our input
    answers = _own_standard_output()
    memory_bytes, cpu_s = int(sys.argv[1]), int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    jobs: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=_read_jobs, args=(jobs,), daemon=True).start()
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[HERE / "fonts"])
    compilers: dict[str, typst.Compiler] = {}
    while True:
        try:
            job = json.loads(jobs.get(timeout=IDLE_S))
        except queue.Empty:
            return
        _allow_cpu(cpu_s)
        name = job["template"]
        if name not in compilers:
            compilers[name] = typst.Compiler(TEMPLATES / name, root=TEMPLATES, font_paths=fonts)
        write_frame(answers, _print(compilers[name], job))
        write_frame(answers, str(_resident_kib()).encode())


def read_frame(stream: BinaryIO) -> bytes:
    """One frame; b"" at the end of the stream or for a frame cut short."""
    head = stream.read(4)
    if len(head) < 4:
        return b""
    size: int = struct.unpack(">I", head)[0]
    body = stream.read(size)
    return body if len(body) == size else b""


def write_frame(stream: BinaryIO, body: bytes) -> None:
    """One frame, sent at once."""
    stream.write(struct.pack(">I", len(body)))
    stream.write(body)
    stream.flush()


def _print(compiler: typst.Compiler, job: dict[str, str | int]) -> bytes:
    try:
        pdf = compiler.compile(
            format="pdf",
            sys_inputs={"data": str(job["data"])},
            pdf_standards=STANDARDS,
            timestamp=int(job["moment"]),
        )
    except typst.TypstError as error:
        return b"E" + f"{error.message} {' '.join(error.hints)}".encode()
    assert isinstance(pdf, bytes)
    return b"P" + pdf


def _own_standard_output() -> BinaryIO:
    """The pipe to the parent, kept to ourselves: whatever else prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _read_jobs(jobs: "queue.Queue[bytes]") -> None:
    """Also notices, in the middle of a job, that the parent is gone."""
    while body := read_frame(sys.stdin.buffer):
        jobs.put(body)
    os._exit(0)


def _allow_cpu(seconds: int) -> None:
    """The kernel ends this process when the job takes more than that many seconds of CPU (J5)."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    with contextlib.suppress(ValueError):  # a lower hard limit was set from outside: that one holds
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + seconds + 1, hard))


def _resident_kib() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:  # not Linux: the most ever held, in bytes there
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return pages * resource.getpagesize() // 1024


if __name__ == "__main__":
    main()
