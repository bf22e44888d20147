"""Fine-tunes a model on named entities with transformers, as study.yaml beside it asks Titrate to.

    python reference.py MODEL FOLDER [EPOCHS] [SEED...]

Prints the F1 of entities, exact match, for each seed: an entity begins at B, or at I after O, as
conlleval has it; words beyond the length limit count as O. Needs torch and transformers.
"""

import random
import statistics
import sys

import torch
from transformers import AutoModelForTokenClassification, AutoTokenizer

TAGS = ["O", "B", "I"]
ROWS, LENGTH, RATE, WARMUP = 16, 128, 2e-4, 0.1


def sentences(path):
    blocks = open(path, encoding="utf-8").read().strip("\n").split("\n\n")
    rows = [[line.split("\t") for line in block.split("\n") if line] for block in blocks]
    return [([row[0] for row in each], [row[-1] for row in each]) for each in rows if each]


def encode(tokenizer, words, tags):
    """Ids, the label of each word's first piece, and which word each piece is of."""
    found = tokenizer(words, is_split_into_words=True, truncation=True, max_length=LENGTH)
    labels, before = [], None
    for word in found.word_ids():
        is_first = word is not None and word != before
        labels.append(TAGS.index(tags[word]) if is_first else -100)
        before = word
    return found["input_ids"], labels, found.word_ids()


def padded(rows, pad):
    width = max(len(row) for row in rows)
    return torch.tensor([row + [pad] * (width - len(row)) for row in rows]), width


def entities(tags):
    found, start = set(), None
    for at, tag in enumerate([*tags, "O"]):
        if start is not None and tag != "I":
            found.add((start, at))
            start = None
        if tag == "B" or (tag == "I" and start is None):
            start = at
    return found


def f1(model, tokenizer, test):
    hits = guessed = gold = 0
    model.eval()
    for words, tags in test:
        ids, _, places = encode(tokenizer, words, tags)
        with torch.no_grad():
            best = model(torch.tensor([ids])).logits[0].argmax(-1).tolist()
        guess, before = ["O"] * len(words), None
        for piece, word in enumerate(places):
            if word is not None and word != before:
                guess[word] = TAGS[best[piece]]
            before = word
        ours, theirs = entities(guess), entities(tags)
        hits, guessed, gold = hits + len(ours & theirs), guessed + len(ours), gold + len(theirs)
    return 2 * hits / (guessed + gold) if hits else 0.0


def trained(folder, data, epochs, seed):
    torch.manual_seed(seed)
    order = random.Random(seed)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForTokenClassification.from_pretrained(
        folder, num_labels=3, dtype=torch.float32
    )
    plain = [p for n, p in model.named_parameters() if "LayerNorm" in n or n.endswith("bias")]
    rest = [p for n, p in model.named_parameters() if not ("LayerNorm" in n or n.endswith("bias"))]
    groups = [{"params": rest, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=RATE, eps=1e-6)
    examples = [encode(tokenizer, *each) for each in sentences(f"{data}/train.tsv")]
    per_epoch = -(-len(examples) // ROWS)
    steps = int(epochs * per_epoch)
    warm = int(WARMUP * steps)
    model.train()
    for step in range(steps):
        if step % per_epoch == 0:
            order.shuffle(examples)
        begin = step % per_epoch * ROWS
        batch = examples[begin : begin + ROWS]
        ids, width = padded([each[0] for each in batch], tokenizer.pad_token_id)
        labels, _ = padded([each[1] for each in batch], -100)
        mask = torch.tensor([[1] * len(e[0]) + [0] * (width - len(e[0])) for e in batch])
        share = (step + 1) / warm if step < warm else (steps - step) / (steps - warm)
        for group in optimizer.param_groups:
            group["lr"] = RATE * share
        loss = model(ids, attention_mask=mask, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    return f1(model, tokenizer, sentences(f"{data}/test.tsv"))


folder, data, *more = sys.argv[1:]
epochs, seeds = float(more[0]) if more else 4.0, [int(each) for each in more[1:]] or [1, 2, 3]
scores = []
for seed in seeds:
    scores.append(trained(folder, data, epochs, seed))
    print(f"seed {seed}: F1 {100 * scores[-1]:.2f}", flush=True)
if len(scores) > 1:
    mean, deviation = statistics.mean(scores), statistics.stdev(scores)
    print(f"mean {100 * mean:.2f}, standard deviation {100 * deviation:.2f}")
