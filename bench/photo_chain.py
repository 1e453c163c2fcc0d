"""Read rate, wrong reads and CPU of our photo chain beside pyzbar alone and zxing-cpp alone, on the same pixels.

    python bench/photo_chain.py [--payloads N] [--photos DIR]

Method: every photo is unpacked once to grey pixels; then each reader gets those pixels and is timed by the CPU time
of its thread (ratios count, not milliseconds). `right`: the expected text is among the confirmed codes (for the bare
readers: among all they return). `wrong`: a returned text that is neither expected nor a candidate. Two sets: the
synthetic grid of `bench/degrade.py` (six symbologies × 45 shots × N payloads), and a folder of photos with a
`manifest.csv` (file, symbology, expected_text) where one is given or lies at ../shared/data/barcodes.

Last result (2026-11-21, two busy cores, Python 3.11, --payloads 1): grid 270 photos, chain 222 right (0 wrong),
zxing-cpp 166 (6 wrong), pyzbar 132 (9 wrong): 1.34 and 1.68; photo set of 81, chain 67 right + 4 candidates
(0 wrong), zxing-cpp 60, pyzbar 35 (4 wrong): 1.12 and 1.91, with candidates 1.18; CPU of the chain / zxing-cpp
on the photo set: median 1.11, mean 1.96; on the grid 0.23 and 0.88; 12 MP JPEG / naive pyzbar 0.38.
"""

import argparse
import csv
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import zxingcpp
from PIL import Image
from pyzbar import pyzbar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.degrade import photo_jpeg, shots
from traceability.label.symbol import Symbology, symbol_image
from traceability.photo.chain import BUDGET_S, codes_in
from traceability.photo.upload import open_photo
from traceability.photo.view import View

# Beside the project, never in it: third parties' photos.
SET = Path(__file__).resolve().parents[2] / "shared" / "data" / "barcodes"
GTINS = ("06901234567892", "06976012000014", "06901234000023", "06923450657713", "06954767432109")


@dataclass(frozen=True)
class Photo:
    name: str
    symbology: str
    expected: str  # "" for a photo in which nothing may be read
    data: bytes


@dataclass
class Score:
    right: int = 0
    right_with_candidates: int = 0
    wrong: int = 0
    cpu_ms: list[float] | None = None

    def add(self, photo: Photo, confirmed: list[str], candidates: list[str], ms: float) -> None:
        wanted = comparable(photo.symbology, photo.expected)
        found = {comparable(photo.symbology, text) for text in confirmed}
        also = {comparable(photo.symbology, text) for text in candidates}
        self.right += bool(photo.expected) and wanted in found
        self.right_with_candidates += bool(photo.expected) and wanted in found | also
        self.wrong += bool(found - {wanted})
        self.cpu_ms = [*(self.cpu_ms or []), ms]


def comparable(symbology: str, text: str) -> str:
    """EAN and UPC as 14 digits, DataBar without its leading 01, matrix codes without outer blanks."""
    if symbology in ("EAN13", "UPCA"):
        return text.zfill(14)
    if symbology.startswith("DATABAR"):
        bare = text.removeprefix("(01)")
        return bare.removeprefix("01") if len(bare) >= 16 else bare
    return text.strip() if symbology in ("QR", "DATAMATRIX") else text


def chain(view: View) -> tuple[list[str], list[str]]:
    codes = codes_in(view, until=time.monotonic() + BUDGET_S)
    return [c.text for c in codes if c.confirmed], [c.text for c in codes if not c.confirmed]


def zxing_alone(view: View) -> tuple[list[str], list[str]]:
    found = zxingcpp.read_barcodes(view.pixels, text_mode=zxingcpp.TextMode.Plain)
    return [code.text for code in found], []


def pyzbar_alone(view: View) -> tuple[list[str], list[str]]:
    try:
        return [code.data.decode("utf-8", "replace") for code in pyzbar.decode(view.pixels)], []
    except ValueError:  # structured append: pyzbar loses everything
        return [], []


READERS: dict[str, Callable[[View], tuple[list[str], list[str]]]] = {
    "chain": chain,
    "zxing-cpp alone": zxing_alone,
    "pyzbar alone": pyzbar_alone,
}


def grid(payloads: int) -> Iterator[Photo]:
    """The synthetic grid, deterministic."""
    for number, gtin in enumerate(GTINS[:payloads]):
        lot = f"YS2026{number:02d}15A{number + 1:02d}"
        contents = (
            ("QR", Symbology.QR, f"https://t.salt.example.cn/01/{gtin}/10/{lot}", None),
            (
                "DATAMATRIX",
                Symbology.GS1_DATA_MATRIX,
                f"(01){gtin}(10){lot}(17)271231",
                f"01{gtin}10{lot}\x1d17271231",
            ),
            ("CODE128", Symbology.GS1_128, f"(01){gtin}(10){lot}", f"01{gtin}10{lot}"),
            ("EAN13", Symbology.EAN13, gtin[1:], None),
            ("ITF", Symbology.ITF14, gtin, None),
            ("DATABAREXP", Symbology.GS1_DATABAR_EXPANDED, f"(01){gtin}(10){lot}", f"01{gtin}10{lot}"),
        )
        for name, symbology, content, expected in contents:
            symbol = symbol_image(content, symbology)
            for seed, (shot_name, shot) in enumerate(shots(linear=name not in ("QR", "DATAMATRIX"))):
                data = photo_jpeg(symbol, shot, seed=seed + 1000 * number)
                yield Photo(f"{name}-{number}-{shot_name}", name, expected or content, data)


def folder(path: Path) -> Iterator[Photo]:
    """A folder with a manifest, as its README describes it."""
    with (path / "manifest.csv").open(encoding="utf-8") as manifest:
        for row in csv.DictReader(manifest):
            text = row["expected_text"]
            expected = text.encode("ascii").decode("unicode_escape") if "\\" in text else text
            expected = "" if row["symbology"] == "NONE" else expected
            yield Photo(row["file"], row["symbology"], expected, (path / row["file"]).read_bytes())


def measure(photos: Iterator[Photo]) -> tuple[int, dict[str, Score]]:
    scores = {name: Score() for name in READERS}
    count = 0
    for photo in photos:
        view = open_photo(photo.data).view
        count += 1
        for name, read in READERS.items():
            start = time.thread_time()
            confirmed, candidates = read(view)
            scores[name].add(photo, confirmed, candidates, (time.thread_time() - start) * 1000)
    return count, scores


def report(title: str, count: int, scores: dict[str, Score]) -> None:
    print(f"\n{title}: {count} photos")
    for name, score in scores.items():
        ms = score.cpu_ms or [0.0]
        print(
            f"  {name:16} right {score.right:4}  with candidates {score.right_with_candidates:4}  "
            f"wrong {score.wrong:3}  CPU median {statistics.median(ms):6.2f} ms  mean {statistics.mean(ms):6.2f} ms"
        )
    ours, zxing, zbar = scores.values()
    medians = [statistics.median(score.cpu_ms or [0.0]) for score in (ours, zxing)]
    means = [statistics.mean(score.cpu_ms or [0.0]) for score in (ours, zxing)]
    print(
        f"  chain / zxing-cpp right {ours.right / max(1, zxing.right):.3f}, "
        f"/ pyzbar {ours.right / max(1, zbar.right):.3f}, "
        f"with candidates / zxing-cpp {ours.right_with_candidates / max(1, zxing.right):.3f}; "
        f"CPU median / zxing-cpp {medians[0] / medians[1]:.2f}, mean {means[0] / means[1]:.2f}"
    )


def large_photo() -> None:
    """12 MP JPEG bytes to result against naive pyzbar on the same bytes."""
    symbol = symbol_image("https://t.salt.example.cn/01/06901234567892/10/YS20260115A01", Symbology.QR)
    canvas = Image.new("L", (4000, 3000), 200)
    canvas.paste(symbol.resize((symbol.width * 3, symbol.height * 3)), (1500, 1000))
    path = Path("/tmp") / "saltline-bench-12mp.jpg"
    canvas.save(path, quality=90)
    data = path.read_bytes()
    ours, naive = [], []
    for _ in range(7):
        start = time.thread_time()
        chain(open_photo(data).view)
        ours.append(time.thread_time() - start)
        start = time.thread_time()
        pyzbar.decode(Image.open(path))
        naive.append(time.thread_time() - start)
    path.unlink()
    print(
        f"\n12 MP JPEG bytes to result / naive pyzbar: {statistics.median(ours) / statistics.median(naive):.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--payloads", type=int, default=2, help="1 to 5; 270 photos each")
    parser.add_argument("--photos", type=Path, default=SET)
    options = parser.parse_args()
    report("Synthetic grid", *measure(grid(options.payloads)))
    if (options.photos / "manifest.csv").exists():
        report(f"Photos in {options.photos.name}", *measure(folder(options.photos)))
    else:
        print(f"\nNo photo set at {options.photos}")
    large_photo()


if __name__ == "__main__":
    main()
