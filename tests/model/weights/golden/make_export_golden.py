"""Makes export_golden.json: what transformers' classes hold, and what they give.

    python make_export_golden.py > export_golden.json

Run once with torch 2.15 and transformers 5.24. Weights are those of ../../golden's formula, so
that only names and outputs are kept. Tied tensors are left out, as files leave them out.
"""

import json
import math

import torch
import transformers
from transformers import (
    BertConfig, BertForMaskedLM, BertForPreTraining, BertForQuestionAnswering,
    BertForSequenceClassification, BertForTokenClassification, BertModel,
)

ROWS, LENGTH = 2, 7
CONFIG = BertConfig(
    vocab_size=23, hidden_size=8, num_hidden_layers=2, num_attention_heads=2,
    intermediate_size=16, max_position_embeddings=12, type_vocab_size=2,
    hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, layer_norm_eps=1e-12,
    num_labels=3, attn_implementation="eager",
)
ids = torch.tensor([1 + (5 * i + 3) % 22 for i in range(ROWS * LENGTH)]).reshape(ROWS, LENGTH)
mask = torch.tensor([[1] * 7, [1] * 5 + [0] * 2])
types = torch.tensor([[0, 0, 0, 1, 1, 1, 1], [0, 0, 1, 1, 1, 0, 0]])


def made(cls):
    CONFIG.num_labels = 2 if cls is BertForQuestionAnswering else 3
    model = cls(CONFIG).eval()
    prefix = "bert." if cls is BertModel else ""
    with torch.no_grad():
        for name, param in model.named_parameters():
            values = [0.4 * math.sin(i + len(prefix + name)) for i in range(param.numel())]
            filled = torch.tensor(values, dtype=torch.float64).float().reshape(param.shape)
            param.copy_(filled + (1.0 if name.endswith("LayerNorm.weight") else 0.0))
    names = sorted(prefix + name for name, _ in model.named_parameters())
    with torch.no_grad():
        return names, model(ids, attention_mask=mask, token_type_ids=types)


def real(values):
    """Rows of pieces, the padded ones left out: their outputs mean nothing."""
    return [row.tolist() for row, is_real in zip(values.flatten(0, 1), mask.flatten()) if is_real]


golden = {"versions": {"torch": torch.__version__, "transformers": transformers.__version__}}
for cls, outputs in {
    BertForPreTraining: lambda out: {"next": out.seq_relationship_logits.tolist()},
    BertForMaskedLM: lambda out: {},
    BertModel: lambda out: {"pooled": out.pooler_output.tolist()},
    BertForTokenClassification: lambda out: {"logits": real(out.logits)},
    BertForSequenceClassification: lambda out: {"logits": out.logits.tolist()},
    BertForQuestionAnswering: lambda out: {
        "logits": real(torch.stack([out.start_logits, out.end_logits], -1))
    },
}.items():
    names, out = made(cls)
    golden[cls.__name__] = {"names": names, **outputs(out)}
print(json.dumps(golden, indent=1))
