#!/usr/bin/env python3
"""How fast are the matrix products of GPT-2's prompts in PyTorch, on CUDA by cuBLAS?

Claim: none of ours; it is the yardstick of scripts/bench's rows for prompts (tiled, tensorCores).
Control: the same shapes, y (rows, N) = x (rows, K) w^T, without a bias.

  float32  multiplied in f32: beside tiled
  tf32     f32 on tensor cores, which multiply its first 11 bits
  float16  halves on tensor cores: beside tensorCores

  python3 benchmarks/pytorch/products.py [--shapes gpt2,gpt2-xl] [--dtypes float32,tf32,float16]
      [--rows 256] [--device cuda|cpu]

Prints a JSON line for each product. On CUDA the time is that of a CUDA graph of 50 products by the
device's events, divided by 50: the best of 10. Needs torch.
"""
import argparse
import json
import sys
import time

import torch
from torch.nn import functional as F

from decode import SHAPES, listed

DTYPES = ("float32", "tf32", "float16")
PRODUCTS, TIMES = 50, 10


def projections(c):
    """Name -> outputs N and inputs K, as scripts/bench names them."""
    return {
        "qkv": (3 * c, c),
        "attention-projection": (c, c),
        "gelu": (4 * c, c),
        "residual": (c, 4 * c),
    }


def seconds_on_cuda(x, w):
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):  # cuBLAS allocates at its first calls, which cannot be recorded
            F.linear(x, w)
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(PRODUCTS):
            F.linear(x, w)
    best = float("inf")
    for _ in range(TIMES):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        graph.replay()
        end.record()
        end.synchronize()
        best = min(best, start.elapsed_time(end) / 1e3)
    return best / PRODUCTS


def seconds_on_cpu(x, w):
    best = float("inf")
    for _ in range(TIMES):
        start = time.perf_counter()
        F.linear(x, w)
        best = min(best, time.perf_counter() - start)
    return best


def bench(shape, name, n, k, dtype, args):
    torch.set_float32_matmul_precision("high" if dtype == "tf32" else "highest")
    of = torch.float16 if dtype == "float16" else torch.float32
    x = torch.randn(args.rows, k, device=args.device).to(of)
    w = (torch.randn(n, k, device=args.device) / k**0.5).to(of)
    cuda = args.device == "cuda"
    seconds = seconds_on_cuda(x, w) if cuda else seconds_on_cpu(x, w)
    print(
        json.dumps(
            {
                "implementation": "torch",
                "torch": torch.__version__,
                "gpu_info": torch.cuda.get_device_name() if cuda else "cpu",
                "model_type": shape,
                "operation": name,
                "rows": args.rows,
                "dtype": dtype,
                "us": seconds * 1e6,
                "gflops": 2e-9 * args.rows * n * k / seconds,
            }
        ),
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--shapes", default="gpt2")
    parser.add_argument("--dtypes", default=",".join(DTYPES))
    parser.add_argument("--rows", type=int, default=256)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args()
    if args.rows < 1:
        sys.exit("products.py: --rows is 1 or more")
    shapes = listed(args.shapes, SHAPES, "--shapes")
    dtypes = listed(args.dtypes, DTYPES, "--dtypes")
    torch.manual_seed(1)
    with torch.inference_mode():
        for shape in shapes:
            for name, (n, k) in projections(SHAPES[shape][2]).items():
                for dtype in dtypes:
                    try:
                        bench(shape, name, n, k, dtype, args)
                    except Exception as e:  # one that fails must not lose the others
                        print(
                            f"products.py: {name} {shape} {dtype}: {type(e).__name__}: "
                            + str(e).split("\n")[0],
                            file=sys.stderr,
                        )


if __name__ == "__main__":
    main()
