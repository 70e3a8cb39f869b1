#!/usr/bin/env python3
"""connect.py FEDE [WORD...]: fede connect from end to end, against scripted peers and real ones on loopback.

Prints one line a test and the counts. With words, only the tests whose names have one of them."""
import sys

import scene
import test_derived   # noqa: F401  the modules register their tests
import test_http      # noqa: F401
import test_http2     # noqa: F401
import test_output    # noqa: F401
import test_raw       # noqa: F401
import test_real      # noqa: F401
import test_tls       # noqa: F401
import test_usage     # noqa: F401
import test_way       # noqa: F401

if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(scene.main(sys.argv[1], sys.argv[2:]))
