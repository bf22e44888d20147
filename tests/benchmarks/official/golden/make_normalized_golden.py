"""Makes normalized_golden.json: odd texts, and what SQuAD's scripts make of them to compare them.

Run by hand, as `python make_normalized_golden.py`. `normalize_answer` is that of evaluate-v1.1 and
of v2.0, which agree. The texts are of letters, marks and signs at which Python and JavaScript
differ: white space, word boundaries, letters whose lower case is another or several.
"""
import json
import platform
import random
import re
import string
import unicodedata


def normalize_answer(s):
    def remove_articles(text):
        return re.sub(r"\b(a|an|the)\b", " ", text)

    def white_space_fix(text):
        return " ".join(text.split())

    def remove_punc(text):
        exclude = set(string.punctuation)
        return "".join(ch for ch in text if ch not in exclude)

    return white_space_fix(remove_articles(remove_punc(s.lower())))


PARTS = [
    "a", "an", "the", "A", "THE", "The", " ", " ", "-", "'", ".", "_", "b", "x", "0", "\t", "\n",
    "\u00e9", "e\u0301", "\u0301", "\u00df", "\u1e9e", "\u0130", "\u0131", "\u03a3", "\u03c2",
    "\u03c3", "\u212a", "\u2126", "\u01c4", "\ufb01", "\u00b2", "\u00bd", "\u2163", "\u0663",
    "\u00a0", "\u2009", "\ufeff", "\u200b", "\u200d", "\u0085", "\x1c", "\x1f", "\u3000", "\u3002",
    "\u201c", "\u2026", "\u4e00", "\U0001d6fc", "\U0001f600", "\u180e", "\u00aa", "\u0345",
    "\u1f88", "\u0149", "\U00010400", "\u24d0",
]

draws = random.Random(3)
texts = ["".join(draws.choice(PARTS) for _ in range(draws.randint(1, 7))) for _ in range(400)]
golden = {
    "origin": {"python": platform.python_version(), "unicode": unicodedata.unidata_version},
    "cases": [[each, normalize_answer(each)] for each in texts],
}
with open(__file__.replace("make_normalized_golden.py", "normalized_golden.json"), "w") as file:
    json.dump(golden, file, ensure_ascii=True, indent=None, separators=(",", ":"))
    file.write("\n")
