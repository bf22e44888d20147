"""Makes a BERT with drawn weights, and what transformers and torch compute with it.

    python reference.py SIZE FOLDER VOCAB STEPS

SIZE is base or large. FOLDER gets the model as transformers saves it, batch.json with the rows
and what was measured, hidden.safetensors with the encoder's output, and after.safetensors with
the weights after so many steps of AdamW; compare.ts beside this computes the same.
"""
import json
import os
import random
import shutil
import sys

import torch
from safetensors.torch import save_file
from transformers import BertConfig, BertForPreTraining

size, folder, vocab, steps = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
LENGTH, ROW_LENGTHS = 128, [128, 100, 64, 17]
PLACES, WORDS, RATE = 8, 8, 1e-4

torch.manual_seed(1)
torch.set_num_threads(2)
draw = random.Random(1)
vocabulary = sum(1 for _ in open(vocab, encoding="utf-8"))
sizes = {
    "base": {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12},
    "large": {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16},
}[size]
# Wider than the usual 0.02, so that attention is not the same for all places.
config = BertConfig(
    vocab_size=vocabulary, **sizes, intermediate_size=4 * sizes["hidden_size"],
    hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, initializer_range=0.04,
    attn_implementation="eager",
)
model = BertForPreTraining(config)
with torch.no_grad():
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            parameter.normal_(0.0, 0.04)
        elif "LayerNorm" in name:
            parameter.normal_(1.0, 0.04)
os.makedirs(folder, exist_ok=True)
model.save_pretrained(folder)
shutil.copy(vocab, f"{folder}/vocab.txt")
with open(f"{folder}/tokenizer_config.json", "w", encoding="utf-8") as file:
    json.dump({"do_lower_case": False}, file)

rows = len(ROW_LENGTHS)
ids = [[draw.randrange(1000, 28000) if at < n else 0 for at in range(LENGTH)] for n in ROW_LENGTHS]
types = [[int(n // 2 <= at < n) for at in range(LENGTH)] for n in ROW_LENGTHS]
mask = [[int(at < n) for at in range(LENGTH)] for n in ROW_LENGTHS]
places = [row * LENGTH + at for row, n in enumerate(ROW_LENGTHS)
          for at in sorted(draw.sample(range(n), PLACES))]
# Several words are looked at where each is masked: their losses differ as their logits do.
slots = [place for place in places for _ in range(WORDS)]
targets = [draw.randrange(vocabulary) for _ in slots]
follows = [1, 0, 0, 1]
batch = {
    "input_ids": torch.tensor(ids),
    "attention_mask": torch.tensor(mask),
    "token_type_ids": torch.tensor(types),
}


def losses():
    """Of every slot, and of every row's next sentence."""
    output = model(**batch)
    logits = output.prediction_logits.reshape(rows * LENGTH, -1)[slots]
    masked = torch.nn.functional.cross_entropy(logits, torch.tensor(targets), reduction="none")
    said = output.seq_relationship_logits
    return masked, torch.nn.functional.cross_entropy(said, torch.tensor(follows), reduction="none")


model.eval()
with torch.no_grad():
    hidden = model.bert(**batch).last_hidden_state
    masked, following = losses()
save_file({"hidden": hidden.reshape(rows * LENGTH, -1).contiguous()}, f"{folder}/hidden.safetensors")

plain = [p for n, p in model.named_parameters() if "LayerNorm" in n or n.endswith("bias")]
rest = [p for n, p in model.named_parameters() if not ("LayerNorm" in n or n.endswith("bias"))]
groups = [{"params": rest, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}]
optimizer = torch.optim.AdamW(groups, lr=RATE, eps=1e-6)
told = []
for _ in range(steps):
    loss = sum(each.mean() for each in losses())
    loss.backward()
    # By hand, in float64: torch's own norm of a hundred million numbers is off by 1e-4.
    gradients = [parameter.grad for parameter in model.parameters()]
    norm = sum(each.double().square().sum() for each in gradients).sqrt().item()
    theirs = torch.nn.utils.get_total_norm(gradients).item()
    for each in gradients:
        each.mul_(min(1.0, 1.0 / norm))
    optimizer.step()
    optimizer.zero_grad()
    told.append({"loss": loss.item(), "gradientNorm": norm})
    print(f"gradient norm {norm:.6f}, by torch {theirs:.6f}", flush=True)
if steps > 0:
    after = {name: parameter.detach() for name, parameter in model.named_parameters()}
    save_file(after, f"{folder}/after.safetensors")

with open(f"{folder}/batch.json", "w", encoding="utf-8") as file:
    json.dump({
        "rows": rows, "length": LENGTH, "rowLengths": ROW_LENGTHS, "ids": sum(ids, []),
        "tokenTypes": sum(types, []), "slots": slots, "targets": targets, "follows": follows,
        "rate": RATE, "losses": masked.tolist(), "nextSentenceLosses": following.tolist(),
        "steps": told,
    }, file)
