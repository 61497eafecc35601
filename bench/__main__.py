"""`python -m bench`: all benchmarks, one after another."""

from __future__ import annotations

import sys

from bench import post

sys.exit(post.main())
