"""Hugging Face's BERT in a PyTorch loop: bfloat16, fused AdamW. Prints its speed as JSON.

usage: python torch_bert.py OPTIONS
OPTIONS is JSON: mode (eager, compile), layers, hidden, heads, inner, vocabulary, rows, length,
dropout, steps; with "threads" in float32 on so many threads of the CPU. Without steps it takes
one for each line that it is given, and answers each with a line: for who takes turns with it.
"""
import contextlib
import json
import sys
import time

import torch
import transformers
from transformers import BertConfig, BertForMaskedLM

o = json.loads(sys.argv[1])
threads = o.get("threads")
if threads is not None:
    torch.set_num_threads(threads)
cuda = threads is None and torch.cuda.is_available()
device = torch.device("cuda" if cuda else "cpu")
torch.manual_seed(1)
torch.set_float32_matmul_precision("high")
config = BertConfig(
    vocab_size=o["vocabulary"], hidden_size=o["hidden"], num_hidden_layers=o["layers"],
    num_attention_heads=o["heads"], intermediate_size=o["inner"],
    hidden_dropout_prob=o["dropout"], attention_probs_dropout_prob=o["dropout"],
)
start = time.perf_counter()
model = BertForMaskedLM(config).to(device).train()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
forward = torch.compile(model) if o["mode"] == "compile" else model
shape = (o["rows"], o["length"])
ids = torch.randint(5, o["vocabulary"], shape, device=device)
labels = torch.where(torch.rand(shape, device=device) < 0.15, ids, torch.full_like(ids, -100))


def products():
    if threads is not None:
        return contextlib.nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)


def step():
    with products():
        loss = forward(input_ids=ids, labels=labels).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return loss


def wait():
    if cuda:
        torch.cuda.synchronize()


if "steps" not in o:
    step()
    print("ready", flush=True)
    for _ in sys.stdin:
        step()
        print("done", flush=True)
    sys.exit()
step()
wait()
first_s = time.perf_counter() - start
for _ in range(3):
    step()
wait()
start = time.perf_counter()
for _ in range(o["steps"]):
    step()
wait()
step_ms = 1000 * (time.perf_counter() - start) / o["steps"]
print(json.dumps({
    "versions": f"torch {torch.__version__}, transformers {transformers.__version__}",
    "firstStepS": first_s,
    "stepMs": step_ms,
    "tokensPerSecond": 1000 * o["rows"] * o["length"] / step_ms,
    **({"peakBytes": torch.cuda.max_memory_allocated()} if cuda else {}),
}))
