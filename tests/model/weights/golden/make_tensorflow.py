"""Makes golden/tensorflow: a tiny BERT as TensorFlow saves it, in two shards.

    python make_tensorflow.py FOLDER

Run once with tensorflow 2.21; value i of a tensor is a function of its name, so that the test
knows it without a second file. Adam's slots and the step stand beside, the word embeddings are
saved in two slices, one tensor each as half and as bfloat16.
"""

import sys

import numpy as np
import tensorflow as tf

W, INNER, VOCAB, POSITIONS = 4, 8, 8, 6


def linear(name, out, into):
    return {f"{name}/kernel": [into, out], f"{name}/bias": [out]}


def norm(name):
    return {f"{name}/gamma": [W], f"{name}/beta": [W]}


layer = "bert/encoder/layer_0"
shapes = {
    "bert/embeddings/word_embeddings": [VOCAB, W],
    "bert/embeddings/position_embeddings": [POSITIONS, W],
    "bert/embeddings/token_type_embeddings": [2, W],
    **norm("bert/embeddings/LayerNorm"),
    **linear(f"{layer}/attention/self/query", W, W),
    **linear(f"{layer}/attention/self/key", W, W),
    **linear(f"{layer}/attention/self/value", W, W),
    **linear(f"{layer}/attention/output/dense", W, W),
    **norm(f"{layer}/attention/output/LayerNorm"),
    **linear(f"{layer}/intermediate/dense", INNER, W),
    **linear(f"{layer}/output/dense", W, INNER),
    **norm(f"{layer}/output/LayerNorm"),
    **linear("bert/pooler/dense", W, W),
    **linear("cls/predictions/transform/dense", W, W),
    **norm("cls/predictions/transform/LayerNorm"),
    "cls/predictions/output_bias": [VOCAB],
    "cls/seq_relationship/output_weights": [2, W],
    "cls/seq_relationship/output_bias": [2],
    "bert/pooler/dense/kernel/adam_m": [W, W],
    "bert/pooler/dense/kernel/adam_v": [W, W],
}
dtypes = {"bert/pooler/dense/bias": tf.float16, "cls/predictions/output_bias": tf.bfloat16}


def values(name, shape):
    salt = sum(name.encode())
    flat = ((np.arange(np.prod(shape)) * 37 + salt) % 101 - 50) / 64
    return tf.constant(flat.reshape(shape), dtypes.get(name, tf.float32))


tensors = {name: values(name, shape) for name, shape in shapes.items()}
tensors["global_step"] = tf.constant(1000000, tf.int64)
words = "bert/embeddings/word_embeddings"
names = sorted(tensors)
half = [each for each in names if each != words][: len(names) // 2]
rest = [each for each in names if each != words and each not in half]
folder = sys.argv[1]
shards = [f"{folder}/part0", f"{folder}/part1"]
for shard, own, rows in zip(shards, [half, rest], ["0,3", "3,5"]):
    first, count = map(int, rows.split(","))
    tf.raw_ops.SaveV2(
        prefix=shard,
        tensor_names=[words, *own],
        shape_and_slices=[f"{VOCAB} {W} {rows}:-", *[""] * len(own)],
        tensors=[tensors[words][first : first + count], *[tensors[each] for each in own]],
    )
tf.raw_ops.MergeV2Checkpoints(
    checkpoint_prefixes=shards, destination_prefix=f"{folder}/bert_model.ckpt"
)
