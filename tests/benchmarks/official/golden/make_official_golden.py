"""Makes official_golden.json: odd predictions and what the official scripts print of them.

Run by hand, as `python make_official_golden.py CONLLEVAL.PL SQUAD_EVAL_1.1.PY JAVA_CLASSPATH`, with
seqeval, scikit-learn and transformers < 5 installed: conlleval as BioBERT ships it, SQuAD's
evaluate-v1.1 (allennlp 0.9.0 has it as tools/squad_eval.py), and a class Factoid that follows
BioASQ's EvaluatorTask1b -phaseB -e 5 on factoid questions, line by line.
"""
import importlib.util
import json
import platform
import random
import subprocess
import sys

import seqeval
import seqeval.metrics
import sklearn
import sklearn.metrics
import transformers
from transformers.data.metrics.squad_metrics import squad_evaluate

CONLLEVAL, SQUAD_11, CLASSPATH = sys.argv[1:4]
draws = random.Random(7)


def tags(count, types):
    return [draws.choice(["O", "O", "B", "I"]) for _ in range(count)] if types == [""] else [
        tag if tag == "O" else f"{tag}-{draws.choice(types)}"
        for tag in (draws.choice(["O", "O", "B", "I"]) for _ in range(count))
    ]


def near(gold, types, share):
    other = tags(len(gold), types)
    return [b if draws.random() < share else a for a, b in zip(gold, other)]


def conll():
    cases = []
    for types in ([""], ["Disease"], ["Gene", "Chemical"], ["cell-line", "cell-type", "DNA"]):
        for share in (0.1, 0.5):
            gold = [tags(draws.randint(1, 9), types) for _ in range(12)]
            predicted = [near(each, types, share) for each in gold]
            text = "".join(
                "".join(f"w {a} {b}\n" for a, b in zip(golds, saids)) + "\n"
                for golds, saids in zip(gold, predicted)
            )
            printed = subprocess.run(
                ["perl", CONLLEVAL], input=text, capture_output=True, text=True, check=True
            ).stdout
            rates = [
                float(metric(gold, predicted)) for metric in (
                    seqeval.metrics.precision_score, seqeval.metrics.recall_score,
                    seqeval.metrics.f1_score,
                )
            ]
            cases.append({"text": text, "printed": printed, "seqeval": rates})
    nothing = "w O O\nw O O\n\n"
    printed = subprocess.run(
        ["perl", CONLLEVAL], input=nothing, capture_output=True, text=True, check=True
    ).stdout
    return cases + [{"text": nothing, "printed": printed, "seqeval": [0.0, 0.0, 0.0]}]


WORDS = ["the", "a", "An", "TNF-α", "interleukin", "6", "über", "naïve", "cells,", "α", "gene's",
         "don't", "p53", "β-catenin", "THE", "…", "—", "mg/kg", "(CHO)", "and", "a_b", "ﬁbre", "Ⅳ"]


def phrase(most=4):
    return " ".join(draws.choice(WORDS) for _ in range(draws.randint(1, most)))


def odd(text):
    return draws.choice([
        lambda: text,
        lambda: text.upper(),
        lambda: f"the {text}",
        lambda: f"{text}.",
        lambda: text.replace(" ", "\u00a0"),
        lambda: text.replace(" ", "\t "),
        lambda: " ".join(text.split()[:1]),
        lambda: f"{text} {phrase(2)}",
        lambda: phrase(),
        lambda: "",
    ])()


class Example:
    def __init__(self, qas_id, answers):
        self.qas_id, self.answers = qas_id, [{"text": each} for each in answers]


def squad():
    spec = importlib.util.spec_from_file_location("squad_11", SQUAD_11)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    answers = {f"q{i}": [phrase() for _ in range(draws.randint(1, 3))] for i in range(60)}
    said = {id: odd(draws.choice(texts)) for id, texts in answers.items()}
    data = [{"paragraphs": [{"context": "", "qas": [
        {"id": id, "question": "", "answers": [{"text": text, "answer_start": 0} for text in texts]}
        for id, texts in answers.items()
    ]}]}]
    first = {"answers": answers, "said": said, "printed": script.evaluate(data, said)}
    # Of v2.0 some questions have no answer, some only such as are nothing when compared.
    answers = {
        id: [] if i % 4 == 0 else texts + (["the"] if i % 5 == 0 else [])
        for i, (id, texts) in enumerate(answers.items())
    }
    said = {
        id: "" if draws.random() < 0.3 else odd(draws.choice(texts or [phrase()]))
        for id, texts in answers.items()
    }
    examples = [Example(id, texts) for id, texts in answers.items()]
    printed = squad_evaluate(examples, said)
    keep = ("exact", "f1", "total", "HasAns_exact", "HasAns_f1", "HasAns_total", "NoAns_exact",
            "NoAns_f1", "NoAns_total")
    second = {"answers": answers, "said": said, "printed": {key: printed[key] for key in keep}}
    return {"1.1": first, "2.0": second}


def factoid():
    cases = []
    for count in (40, 7):
        golden = {f"{i:024x}": [
            [phrase() for _ in range(draws.randint(1, 3))] for _ in range(draws.randint(1, 2))
        ] for i in range(count)}
        said = {}
        for id, answers in golden.items():
            right = draws.choice(draws.choice(answers))
            texts = [
                # No tab, which parts answers in the call below.
                odd(right).replace("\t", "").strip() or "none" for _ in range(draws.randint(0, 5))
            ]
            said[id] = draws.sample(texts, len(texts))
        lines = [
            "\t".join(["G", id, *("|".join(synonyms) for synonyms in answers)])
            for id, answers in golden.items()
        ] + ["\t".join(["R", id, *texts]) for id, texts in said.items()]
        text = "\n".join(lines) + "\n"
        printed = subprocess.run(
            ["java", "-cp", CLASSPATH, "Factoid"], input=text, capture_output=True, text=True,
            check=True,
        ).stdout.split()
        cases.append({"golden": golden, "said": said, "printed": [float(each) for each in printed]})
    return cases


def labels():
    cases = []
    for classes, named, count in ((2, [1], 57), (2, [1], 10), (3, [0, 1, 2], 40), (6, [1, 2, 3, 4, 5], 90)):
        gold = [draws.randrange(classes) for _ in range(count)]
        said = [a if draws.random() < 0.6 else draws.randrange(classes) for a in gold]
        if classes == 6:
            said = [0 if each == 4 else each for each in said]  # a class that is never said
        # One class: BioBERT's re_eval.py; several: micro-averaged without the others.
        three = sklearn.metrics.precision_recall_fscore_support(
            gold, said, labels=named, average="micro", zero_division=0
        )[:3]
        by_class = sklearn.metrics.precision_recall_fscore_support(
            gold, said, labels=list(range(classes)), zero_division=0
        )
        macro = sklearn.metrics.f1_score(
            gold, said, labels=list(range(classes)), average="macro", zero_division=0
        )
        cases.append({
            "gold": gold, "predicted": said, "classes": classes, "named": named,
            "expected": {
                "precision": float(three[0]), "recall": float(three[1]), "f1": float(three[2]),
                "accuracy": float(sklearn.metrics.accuracy_score(gold, said)),
                "macroF1": float(macro),
            },
            "f1ByClass": [float(each) for each in by_class[2]],
            "support": [int(each) for each in by_class[3]],
        })
    return cases


def origin():
    return {
        "conll": "conlleval.pl, version 2004-01-26, as BioBERT's repository has it",
        "seqeval": seqeval.__version__ if hasattr(seqeval, "__version__") else "1.2.2",
        "squad 1.1": "evaluate-v1.1, as allennlp 0.9.0 has it in tools/squad_eval.py",
        "squad 2.0": f"transformers {transformers.__version__}, squad_metrics.squad_evaluate",
        "factoid": "BioASQ's EvaluatorTask1b -phaseB -e 5, its rules followed in Java",
        "labels": f"scikit-learn {sklearn.__version__}",
        "python": platform.python_version(),
    }


golden = {
    "origin": origin(), "conll": conll(), "squad": squad(), "factoid": factoid(), "labels": labels(),
}
with open(__file__.replace("make_official_golden.py", "official_golden.json"), "w") as file:
    json.dump(golden, file, ensure_ascii=True, indent=None, separators=(",", ":"))
    file.write("\n")
