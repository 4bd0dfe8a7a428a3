#!/usr/bin/env python3
"""How fast do PyTorch's two usual ways decode GPT-2's shapes on this machine?

Claim: none of ours; it is what gpt bench is compared with. Control: random weights of the same
shapes, the same prompt and number of tokens, from an empty context, one text, greedy, the token
fed back on the device.

  nanogpt  nanoGPT's model.py as a module of its own with a static KV cache, and the decode step
           under torch.compile(mode="reduce-overhead"), CUDA graphs where there is CUDA
  hf       Hugging Face's GPT2LMHeadModel.generate with cache_implementation="static"

  python3 benchmarks/pytorch/decode.py [--shapes gpt2,gpt2-xl] [--dtypes float32,float16]
      [-p 512] [-n 128] [-r 5] [--implementations nanogpt,hf] [--device cuda|cpu] [--eager]

Prints a JSON line for each test with llama-bench's field names, as gpt bench -o jsonl does. Needs
torch, and transformers for hf; what is missing is said and left out. Shapes are random: nothing is
downloaded. Set-up and compilation are not timed.
"""
import argparse
import json
import statistics
import sys
import time

import torch
import torch.nn as nn
from torch.nn import functional as F

SHAPES = {  # layers, heads, channels
    "distilgpt2": (6, 12, 768),
    "gpt2": (12, 12, 768),
    "gpt2-medium": (24, 16, 1024),
    "gpt2-large": (36, 20, 1280),
    "gpt2-xl": (48, 25, 1600),
}
BLOCK, VOCAB = 1024, 50257


class Block(nn.Module):
    """nanoGPT's Block with keys and values kept for all positions."""

    def __init__(self, heads, c):
        super().__init__()
        self.heads = heads
        self.ln_1, self.ln_2 = nn.LayerNorm(c), nn.LayerNorm(c)
        self.c_attn, self.c_proj = nn.Linear(c, 3 * c), nn.Linear(c, c)
        self.c_fc, self.mlp_proj = nn.Linear(c, 4 * c), nn.Linear(4 * c, c)
        self.register_buffer("k", torch.zeros(1, heads, BLOCK, c // heads), persistent=False)
        self.register_buffer("v", torch.zeros(1, heads, BLOCK, c // heads), persistent=False)

    def forward(self, x, pos, mask):
        b, t, c = x.shape
        q, k, v = self.c_attn(self.ln_1(x)).split(c, dim=2)
        q, k, v = (y.view(b, t, self.heads, c // self.heads).transpose(1, 2) for y in (q, k, v))
        self.k.index_copy_(2, pos, k)
        self.v.index_copy_(2, pos, v)
        if t > 1:  # a prompt, from an empty context
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            y = F.scaled_dot_product_attention(q, self.k, self.v, attn_mask=mask)
        x = x + self.c_proj(y.transpose(1, 2).reshape(b, t, c))
        return x + self.mlp_proj(F.gelu(self.c_fc(self.ln_2(x)), approximate="tanh"))


class GPT(nn.Module):
    def __init__(self, shape):
        super().__init__()
        layers, heads, c = SHAPES[shape]
        self.wte, self.wpe = nn.Embedding(VOCAB, c), nn.Embedding(BLOCK, c)
        self.h = nn.ModuleList(Block(heads, c) for _ in range(layers))
        self.ln_f = nn.LayerNorm(c)
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.normal_(p, std=0.02)
        causal = torch.tril(torch.ones(BLOCK, BLOCK, dtype=torch.bool))
        self.register_buffer("causal", causal, persistent=False)

    def forward(self, ids, pos):
        """ids (1, T) at positions pos (T) -> the likeliest next token (1, 1)."""
        x = self.wte(ids) + self.wpe(pos)
        mask = self.causal[pos][None, None]
        for block in self.h:
            x = block(x, pos, mask)
        logits = F.linear(self.ln_f(x[:, -1:]), self.wte.weight)
        return logits.argmax(-1)


def clock(device):
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


class NanoGpt:
    def __init__(self, shape, dtype, device, eager):
        with torch.device(device):
            self.model = GPT(shape).to(dtype).eval()
        # Two functions, so that each has graphs of its own.
        self.prefill = self.model
        self.step = (
            self.model if eager else torch.compile(self.model, mode="reduce-overhead", fullgraph=True)
        )
        self.device = device

    def run(self, ids, n_gen):
        device = self.device
        prompt = ids if ids.shape[1] else torch.zeros(1, 1, dtype=torch.long, device=device)
        start = clock(device)
        at = prompt.shape[1]
        token = self.prefill(prompt, torch.arange(at, device=device))
        first = clock(device) if n_gen == 0 or ids.shape[1] else None
        pos = torch.tensor([at], device=device)
        for _ in range(n_gen if ids.shape[1] else n_gen - 1):
            token = self.step(token.clone(), pos)
            pos = pos + 1  # on the device; the step's graph copies it
        return clock(device) - start, first


class HuggingFace:
    def __init__(self, shape, dtype, device, eager):
        from transformers import GPT2Config, GPT2LMHeadModel

        layers, heads, c = SHAPES[shape]
        config = GPT2Config(n_layer=layers, n_head=heads, n_embd=c)
        with torch.device(device):
            self.model = GPT2LMHeadModel(config).to(dtype).eval()
        self.model.generation_config.pad_token_id = 0
        self.model.generation_config.eos_token_id = None
        self.device = device
        self.static = {} if eager else {"cache_implementation": "static"}

    def run(self, ids, n_gen):
        prompt = ids if ids.shape[1] else torch.zeros(1, 1, dtype=torch.long, device=self.device)
        start = clock(self.device)
        # What it returns is the prompt's next token and those after it.
        count = max(1, n_gen if not ids.shape[1] else n_gen + 1)
        self.model.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            max_new_tokens=count,
            min_new_tokens=count,
            do_sample=False,
            **self.static,
        )
        return clock(self.device) - start, None


IMPLEMENTATIONS = {"nanogpt": NanoGpt, "hf": HuggingFace}


def bench(name, shape, dtype, args):
    runner = IMPLEMENTATIONS[name](shape, getattr(torch, dtype), args.device, args.eager)
    parameters = sum(p.numel() for p in runner.model.parameters())
    generator = torch.Generator().manual_seed(1)
    for n_prompt, n_gen in ((args.p, 0), (0, args.n)):
        if n_prompt + n_gen == 0:
            continue
        ids = torch.randint(VOCAB, (1, n_prompt), generator=generator).to(args.device)
        for _ in range(3):  # compiles, then records its graphs
            runner.run(ids, n_gen)
        seconds = [runner.run(ids, n_gen)[0] for _ in range(args.r)]
        rates = [(n_prompt + n_gen) / s for s in seconds]
        device = torch.cuda.get_device_name() if args.device == "cuda" else "cpu"
        print(
            json.dumps(
                {
                    "implementation": name + ("" if args.eager else "+compile"),
                    "torch": torch.__version__,
                    "gpu_info": device,
                    "model_type": shape,
                    "model_n_params": parameters,
                    "dtype": dtype,
                    "n_prompt": n_prompt,
                    "n_gen": n_gen,
                    "avg_ts": statistics.mean(rates),
                    "stddev_ts": statistics.stdev(rates) if len(rates) > 1 else 0,
                    "samples_ts": rates,
                    # Weights alone, by the bytes of their type.
                    "weights_gb_per_s": None
                    if n_prompt
                    else parameters * getattr(torch, dtype).itemsize * statistics.mean(rates) / 1e9,
                }
            ),
            flush=True,
        )


def listed(values, known, what):
    chosen = values.split(",")
    for value in chosen:
        if value not in known:
            program = sys.argv[0].split("/")[-1]
            sys.exit(f"{program}: {what}: expected {', '.join(known)}, found '{value}'")
    return chosen


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--shapes", default="gpt2,gpt2-medium,gpt2-large,gpt2-xl")
    parser.add_argument("--dtypes", default="float32,float16")
    parser.add_argument("--implementations", default="nanogpt,hf")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--eager", action="store_true", help="without torch.compile and static cache")
    parser.add_argument("-p", type=int, default=512)
    parser.add_argument("-n", type=int, default=128)
    parser.add_argument("-r", type=int, default=5)
    args = parser.parse_args()
    shapes = listed(args.shapes, SHAPES, "--shapes")
    dtypes = listed(args.dtypes, ("float32", "float16", "bfloat16"), "--dtypes")
    names = listed(args.implementations, IMPLEMENTATIONS, "--implementations")
    if not (0 <= args.p <= BLOCK and 0 <= args.n <= BLOCK and args.r >= 1):
        sys.exit(f"decode.py: -p and -n are from 0 to {BLOCK}, -r is 1 or more")
    torch.set_float32_matmul_precision("highest")
    with torch.inference_mode():
        for shape in shapes:
            for dtype in dtypes:
                for name in names:
                    try:
                        bench(name, shape, dtype, args)
                    except Exception as e:  # one that fails must not lose the others
                        print(
                            f"decode.py: {name} {shape} {dtype}: {type(e).__name__}: "
                            + str(e).split("\n")[0],
                            file=sys.stderr,
                        )


if __name__ == "__main__":
    main()
