"""Hold the fast reading of text tables to the plain one: `python tests/fuzz/csv_law.py --cases 20000`."""

import argparse
import random
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from plain_csv import READINGS, fast, plainly, random_text, small_blocks


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    tables = refusals = differences = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.csv"
        for seed in range(given.seed, given.seed + given.cases):
            rng = random.Random(seed)
            path.write_bytes(random_text(rng))
            reading = rng.choice(READINGS)
            plain = plainly(path, reading)
            found = [fast(path, reading)]
            with small_blocks(rng.choice([16, 40, 100, 300])):
                found.append(fast(path, reading))
            if found != [plain, plain]:
                differences += 1
                print(f"seed {seed}: {reading}")
            refusals += len(plain) == 1
            tables += len(plain) == 2
    print(f"{given.cases:,} files: {tables:,} tables, {refusals:,} refused, {differences} differences")
    return bool(differences)


if __name__ == "__main__":
    sys.exit(main())
