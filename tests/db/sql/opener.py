"""Opens new SQLite files one after the other, each at the very moment at which other processes open it too."""

import sys
import time
from pathlib import Path

from curvegan_db.sql.database import _open_file

FILES, APART_S = 200, 0.008


def main(folder: Path, start: float) -> None:
    """Open and write FILES files in the folder, the first at the time `start`, one every APART_S seconds."""
    for number in range(FILES):
        time.sleep(max(0.0, start + number * APART_S - time.time()))
        connection = _open_file(folder / f"{number}.db")
        connection.execute("CREATE TABLE IF NOT EXISTS t (x)")
        connection.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
