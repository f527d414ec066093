"""How many three-input logic instructions of 512 bits a core makes a second, measured.

The loop is C with intrinsics, compiled by gcc at run time, because it is a limit to compare with
and no part of the engine.
"""

import ctypes
import shutil
import subprocess
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

from gategrad import _core

LOOPS, CHAINS = 20_000_000, 16
# Chains are variables of their own: an array of them would live in memory.
_EACH = range(CHAINS)
_STEP = 'v{0} = _mm512_ternarylogic_epi64(v{0}, b, c, 0x96); __asm__ volatile("" : "+v"(v{0}));'
SOURCE = f"""
#include <immintrin.h>
long long ternary(long long loops) {{
  __m512i b = _mm512_set1_epi64(loops), c = _mm512_set1_epi64(~loops);
  {" ".join(f"__m512i v{i} = _mm512_set1_epi64(loops + {i});" for i in _EACH)}
  for (long long n = 0; n < loops; ++n) {{
    {" ".join(_STEP.format(i) for i in _EACH)}
  }}
  {" ".join(f"b = _mm512_xor_si512(b, v{i});" for i in _EACH)}
  return _mm512_reduce_add_epi64(b);
}}
"""


def ternary_per_second() -> float | None:
    """`vpternlog` instructions a second on one core; None without AVX-512 or gcc."""
    if "avx512" not in _core.isas() or shutil.which("gcc") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder, "ternary.c"), Path(folder, "ternary.so")
        source.write_text(SOURCE)
        options = ["-O2", "-mavx512f", "-shared", "-fPIC"]
        subprocess.run(["gcc", *options, "-o", str(library), str(source)], check=True)
        run = ctypes.CDLL(str(library)).ternary
    run.argtypes, run.restype = [ctypes.c_longlong], ctypes.c_longlong
    times = []
    for _ in range(5):
        start = perf_counter()
        run(LOOPS)
        times.append(perf_counter() - start)
    return LOOPS * CHAINS / median(times)
