"""Makes torch_model.bin: a tiny BERT with all its heads, as transformers and torch save it.

    python make_torch_model.py FILE

Run once with torch 2.15 and transformers 5.24. Value i of a tensor is a function of its name, so
that the test knows it without a second file. Tied and buffered tensors stand in it as they did in
files of 2019.
"""

import sys

import torch
from transformers import BertConfig, BertForPreTraining

config = BertConfig(
    vocab_size=8,
    hidden_size=4,
    num_hidden_layers=1,
    num_attention_heads=2,
    intermediate_size=8,
    max_position_embeddings=6,
)
model = BertForPreTraining(config)
with torch.no_grad():
    for name, param in model.named_parameters():
        salt = sum(name.encode())
        values = [((i * 37 + salt) % 101 - 50) / 64 for i in range(param.numel())]
        param.copy_(torch.tensor(values).reshape(param.shape))
state = model.state_dict()
state["bert.embeddings.position_ids"] = torch.arange(6).expand((1, -1))
torch.save(state, sys.argv[1])
