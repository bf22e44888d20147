"""Runs a step's StableHLO, as measure.ts left it, under JAX, and prints its speed as JSON.

usage: python jax_step.py STEP     reads STEP.mlir and STEP.json
"""
import json
import sys
import time

import jax
import numpy as np
from jax._src.interpreters import mlir
from jax._src.lib import xla_client
from jaxlib.mlir import ir

stem = sys.argv[1]
told = json.load(open(stem + ".json"))
device = jax.devices()[0]
client = device.client
with mlir.make_ir_context():
    module = ir.Module.parse(open(stem + ".mlir").read())
    options = xla_client.CompileOptions()
    start = time.perf_counter()
    devices = xla_client.DeviceList((device,))
    program = client.compile_and_load(module, devices, options, [])
compile_s = time.perf_counter() - start

TYPES = {"f32": np.float32, "i32": np.int32, "bool": np.bool_}
draws = np.random.default_rng(1)


def made(each):
    shape, dtype = each["shape"], TYPES[each["dtype"]]
    if each["name"] == "adamw/learning-rate":
        return np.asarray(1e-4, dtype)
    if each["name"].startswith("adamw/") or each["dtype"] != "f32":
        return np.ones(shape, dtype) if not shape else np.zeros(shape, dtype)
    return draws.normal(0, 0.02, shape).astype(dtype) if "donatedTo" in each else np.ones(shape, dtype)


arguments = [jax.device_put(made(each), device) for each in told["inputs"]]
jax.block_until_ready(arguments)


def step():
    results = program.execute_sharded(arguments).disassemble_into_single_device_arrays()
    for place, each in enumerate(told["inputs"]):
        if "donatedTo" in each:
            arguments[place] = results[each["donatedTo"]][0]
    return results


for _ in range(3):
    jax.block_until_ready([each[0] for each in step()])
start = time.perf_counter()
for _ in range(told["steps"]):
    last = step()
jax.block_until_ready([each[0] for each in last])
step_ms = 1000 * (time.perf_counter() - start) / told["steps"]
print(json.dumps({
    "versions": f"jax {jax.__version__}",
    "firstStepS": compile_s,
    "stepMs": step_ms,
    "tokensPerSecond": 1000 * told["rows"] * told["length"] / step_ms,
}))
