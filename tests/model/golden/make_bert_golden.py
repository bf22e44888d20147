"""Makes bert_golden.json from Hugging Face's BERT; run by hand, needs torch and transformers.

Weights and inputs follow from formulas that bert_test.ts repeats, so that only
results are kept: losses, gradient norms, and logits.
"""
import json
import math

import torch
import transformers
from transformers import (
    BertConfig, BertForMaskedLM, BertForPreTraining, BertForQuestionAnswering,
    BertForSequenceClassification, BertForTokenClassification,
)

ROWS, LENGTH = 2, 7
CONFIG = BertConfig(
    vocab_size=23, hidden_size=8, num_hidden_layers=2, num_attention_heads=2,
    intermediate_size=16, max_position_embeddings=12, type_vocab_size=2,
    hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, layer_norm_eps=1e-12,
    attn_implementation="eager",
)


def fill(model):
    """Value i of a parameter: 0.4 sin(i + its name's length), and 1 more for norm weights."""
    with torch.no_grad():
        for name, param in model.named_parameters():
            values = [0.4 * math.sin(i + len(name)) for i in range(param.numel())]
            filled = torch.tensor(values, dtype=torch.float64).float().reshape(param.shape)
            param.copy_(filled + (1.0 if name.endswith("LayerNorm.weight") else 0.0))


def norms(model):
    return {
        name: param.grad.norm().item()
        for name, param in model.named_parameters()
        if param.grad is not None
    }


ids = torch.tensor([1 + (5 * i + 3) % 22 for i in range(ROWS * LENGTH)]).reshape(ROWS, LENGTH)

masked = BertForMaskedLM(CONFIG)
fill(masked)
places, targets, weights = [1, 4, 9, 12], [7, 14, 20, 11], [1.0, 1.0, 1.0, 0.0]
logits = masked(ids).logits.reshape(ROWS * LENGTH, -1)[places]
losses = torch.nn.functional.cross_entropy(logits, torch.tensor(targets), reduction="none")
loss = (losses * torch.tensor(weights)).sum() / sum(weights)
loss.backward()
masked_golden = {
    "loss": loss.item(), "losses": losses.tolist(),
    "hits": (logits.argmax(-1) == torch.tensor(targets)).int().tolist(),
    "gradientNorms": norms(masked),
}

CONFIG.num_labels = 3
tagger = BertForTokenClassification(CONFIG)
fill(tagger)
lengths = [7, 5]
mask = torch.tensor([[1 if t < n else 0 for t in range(LENGTH)] for n in lengths])
labels = [-100, 0, 1, -100, 2, 0, -100, -100, 2, 1, 0, -100, -100, -100]
logits = tagger(ids, attention_mask=mask).logits.reshape(ROWS * LENGTH, -1)
loss = torch.nn.functional.cross_entropy(logits, torch.tensor(labels), ignore_index=-100)
loss.backward()
tagged_golden = {
    "loss": loss.item(), "gradientNorms": norms(tagger),
    # Padded positions are left out: their own outputs mean nothing.
    "logits": [logits[i].tolist() for i in range(ROWS * LENGTH) if mask.flatten()[i]],
}

types = torch.tensor([[0, 0, 0, 1, 1, 1, 1], [0, 0, 1, 1, 1, 0, 0]])
pairs = BertForSequenceClassification(CONFIG)
fill(pairs)
logits = pairs(ids, attention_mask=mask, token_type_ids=types).logits
loss = torch.nn.functional.cross_entropy(logits, torch.tensor([2, 0]))
loss.backward()
pairs_golden = {
    "loss": loss.item(), "gradientNorms": norms(pairs), "logits": logits.tolist(),
}

both = BertForPreTraining(CONFIG)
fill(both)
output = both(ids, attention_mask=mask, token_type_ids=types)
logits = output.prediction_logits.reshape(ROWS * LENGTH, -1)[places]
losses = torch.nn.functional.cross_entropy(logits, torch.tensor(targets), reduction="none")
masked_loss = (losses * torch.tensor(weights)).sum() / sum(weights)
follows = output.seq_relationship_logits
next_losses = torch.nn.functional.cross_entropy(follows, torch.tensor([1, 0]), reduction="none")
(masked_loss + next_losses.mean()).backward()
both_golden = {
    "maskedLoss": masked_loss.item(), "nextSentenceLosses": next_losses.tolist(),
    "hits": (follows.argmax(-1) == torch.tensor([1, 0])).int().tolist(),
    "gradientNorms": norms(both),
}

CONFIG.num_labels = 2
answers = BertForQuestionAnswering(CONFIG)
fill(answers)
output = answers(
    ids, attention_mask=mask, token_type_ids=types,
    start_positions=torch.tensor([1, 2]), end_positions=torch.tensor([4, 3]),
)
output.loss.backward()
answers_golden = {
    "loss": output.loss.item(), "gradientNorms": norms(answers),
    "begins": output.start_logits.tolist(), "ends": output.end_logits.tolist(),
}

versions = {"torch": torch.__version__, "transformers": transformers.__version__}
golden = {
    "versions": versions, "masked": masked_golden, "tagged": tagged_golden,
    "pairs": pairs_golden, "answers": answers_golden, "nextSentence": both_golden,
}
print(json.dumps(golden, indent=1))
