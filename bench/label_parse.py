"""Label parsing per second, on a stated mix, against bare `biip.parse()` in the same run.

    .venv/bin/python bench/label_parse.py [rounds]

Method: the codes below in their shares, shuffled with a fixed seed; rounds of both parsers in turn; medians of
the rounds. CPU time of this process, one core. biip gets the same texts; where it raises, that is its answer.
It knows no patterns, hosts, pairs or lost separators, so below 1 is the price of those.

Last result (2026-11-21, one of two busy cores, Python 3.11): mix 20,400 codes/s, 1.6 × biip; plain batch 3.2 ×,
own token 0.55 ×, GS1-128 1.35 ×, Digital Link 1.9 ×, text 0.57 ×. Target: 1,000 codes/s.
"""

import json
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import biip

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from traceability.label.config import LabelConfig
from traceability.label.parse import parse

CONFIG = Path(__file__).resolve().parent.parent / "tests/data/scan/config.json"
GTIN = "06901234567892"
# kind of code, share in the mix, how one is made
MIX: list[tuple[str, int, Callable[[random.Random], str]]] = [
    (
        "plain batch",
        30,
        lambda r: f"YS2024{r.randrange(1, 13):02d}{r.randrange(1, 29):02d}A{r.randrange(100):02d}",
    ),
    (
        "own token",
        20,
        lambda r: f"https://t.salt.example.cn/q?c={''.join(r.choices('0123456789ABCDEFGHJK', k=12))}",
    ),
    ("GS1-128", 15, lambda r: f"]C101{GTIN}10YS20240315A{r.randrange(100):02d}\x1d17271231"),
    (
        "Digital Link",
        10,
        lambda r: f"https://t.salt.example.cn/01/{GTIN}/10/YS20240315A{r.randrange(100):02d}",
    ),
    ("EAN-13", 10, lambda r: "6901234567892"),
    ("pallet", 5, lambda r: f"]C10006901234560000012102{GTIN}37{r.randrange(1, 99)}"),
    ("bracketed", 3, lambda r: f"(01){GTIN}(10)A{r.randrange(10**6)}(17)271231"),
    ("text", 4, lambda r: f"批号:YS20240315A{r.randrange(100):02d} 规格:500g 电话 4008001234"),
    ("unknown", 3, lambda r: "".join(r.choices("0123456789ABCDEFabcdef-./", k=30))),
]


def codes(total: int) -> dict[str, list[str]]:
    rng = random.Random(20240315)
    return {name: [make(rng) for _ in range(total * share // 100)] for name, share, make in MIX}


def per_second(parser: Callable[[str], object], texts: list[str]) -> float:
    started = time.process_time()
    for text in texts:
        parser(text)
    return len(texts) / (time.process_time() - started)


def bare_biip(text: str) -> object:
    try:
        return biip.parse(text)
    except (biip.ParseError, IndexError):
        return None


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    config = LabelConfig.from_json(json.loads(CONFIG.read_text(encoding="utf-8")))

    def ours(text: str) -> object:
        return parse(text, config=config)

    by_kind = codes(2000)
    mixed = [text for texts in by_kind.values() for text in texts]
    random.Random(1).shuffle(mixed)
    results = [(per_second(ours, mixed), per_second(bare_biip, mixed)) for _ in range(rounds)]
    mine, theirs = (statistics.median(column) for column in zip(*results, strict=True))
    print(__doc__)
    print(f"mix ({', '.join(f'{share} % {name}' for name, share, _ in MIX)})")
    print(f"  this parser  {mine:9.0f} codes/s")
    print(f"  bare biip    {theirs:9.0f} codes/s")
    print(f"  ratio        {mine / theirs:9.2f}")
    for name, texts in by_kind.items():
        pairs = [(per_second(ours, texts), per_second(bare_biip, texts)) for _ in range(rounds)]
        a, b = (statistics.median(column) for column in zip(*pairs, strict=True))
        print(f"  {name:12} {a:9.0f} codes/s   ratio {a / b:7.2f}")


if __name__ == "__main__":
    main()
