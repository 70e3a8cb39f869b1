#!/usr/bin/env python3
"""explain.py --fede FEDE [--connections N] [--folder FOLDER]: fede explain beside tshark over one capture, in one run.

The capture is made by capture.py (kept in FOLDER when it is there already). Both get the key log and write JSON: fede a line for
each event, tshark -V everything it knows. Time is processor time of the process, so that other work on the machine counts for
neither; memory is the largest resident set. Exit status 1 when fede is not ten times as fast, or needs 300 MB.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time

FASTER, MEMORY = 10, 300


def measure(words):
    """Seconds of processor, seconds of the clock, MB of memory."""
    began = time.monotonic()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{words[0]} failed: {status}")
    return usage.ru_utime + usage.ru_stime, time.monotonic() - began, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description="fede explain beside tshark.")
    parser.add_argument("--fede", required=True)
    parser.add_argument("--connections", type=int, default=500)
    parser.add_argument("--folder", help="where the capture is kept; made anew in a temporary folder without it")
    arguments = parser.parse_args()
    if not shutil.which("tshark"):
        print("explain: skipped, there is no tshark")
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or temporary
        if not os.path.exists(f"{folder}/many.pcap"):
            here = os.path.dirname(os.path.abspath(__file__))
            subprocess.run([sys.executable, f"{here}/capture.py", folder, str(arguments.connections)], check=True)
        capture, keys = f"{folder}/many.pcap", f"{folder}/many.keys"
        fede = measure([arguments.fede, "explain", "--json=lines", "--keylog", keys, capture])
        tshark = measure(["tshark", "-V", "-T", "json", "-o", f"tls.keylog_file:{keys}", "-r", capture])
        size = os.path.getsize(capture) / 1e6
    print(f"explain: a capture of {size:.0f} MB with its key log, to JSON")
    print(f"{'':<8}{'processor s':>12}{'clock s':>10}{'MB/s':>8}{'memory MB':>11}")
    for name, (cpu, clock, memory) in (("fede", fede), ("tshark", tshark)):
        print(f"{name:<8}{cpu:>12.2f}{clock:>10.2f}{size / cpu:>8.1f}{memory:>11.0f}")
    ratio = tshark[0] / fede[0]
    met = ratio >= FASTER and fede[2] < MEMORY
    print(f"fede is {ratio:.1f} times as fast; wanted: {FASTER} times, under {MEMORY} MB: {'met' if met else 'NOT met'}")
    return not met


if __name__ == "__main__":
    sys.exit(main())
