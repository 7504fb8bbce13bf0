"""Real text that every machine with Python has: the sources of its standard library as bags of words.

A document is a few lines of a module, its class the package or module at the top that it belongs to. Tests are left
out, which are half of the lines. The counts of words follow Zipf's law, as those of any text do. The same on every
machine with the same version of Python.
"""

import re
import sysconfig
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

LINES_TO_A_DOCUMENT = 4
MOST_WORDS = 13_103
CLASSES = 58
NOT_TEXT = ("test", "site-packages", "dist-packages")
WORD = re.compile(r"[A-Za-z_]\w+")


def _modules() -> Iterator[tuple[str, list[str]]]:
    """Yield the name at the top and the lines with words of every module, in the order of their paths."""
    root = Path(sysconfig.get_paths()["stdlib"])
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).parts
        if parts[0] in NOT_TEXT or {"test", "tests"} & set(parts) or parts[0].startswith("_sysconfigdata"):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        yield parts[0].removesuffix(".py"), [line for line in text.splitlines() if WORD.search(line)]


def _documents() -> tuple[list[Counter[str]], NDArray[np.int64]]:
    """Return the words of each document of the largest classes, and its class."""
    documents: list[Counter[str]] = []
    names: list[str] = []
    for name, lines in _modules():
        for first in range(0, len(lines), LINES_TO_A_DOCUMENT):
            text = "\n".join(lines[first : first + LINES_TO_A_DOCUMENT])
            documents.append(Counter(WORD.findall(text.lower())))
            names.append(name)
    largest = sorted(Counter(names).items(), key=lambda item: (-item[1], item[0]))[:CLASSES]
    classes = {name: number for number, name in enumerate(sorted(name for name, _ in largest))}
    kept = [document for document, name in zip(documents, names, strict=True) if name in classes]
    return kept, np.array([classes[name] for name in names if name in classes], np.int64)


def _columns(documents: list[Counter[str]]) -> dict[str, int]:
    """Return the column of each of the words that are in most documents."""
    totals: Counter[str] = Counter()
    for document in documents:
        totals.update(document.keys())
    words = sorted(totals, key=lambda word: (-totals[word], word))[:MOST_WORDS]
    return {word: number for number, word in enumerate(words)}


def source_text(dtype: str) -> tuple[Any, NDArray[np.int64]]:
    """Return the counts of words, a csr_array of shape (documents, words), and the class of each document."""
    from scipy.sparse import csr_array

    documents, labels = _documents()
    columns = _columns(documents)
    begin, indices, values = [0], [], []
    for document in documents:
        entries = sorted((columns[word], count) for word, count in document.items() if word in columns)
        indices += [column for column, _ in entries]
        values += [count for _, count in entries]
        begin.append(len(indices))
    counts = (np.array(values, dtype), np.array(indices, np.int32), np.array(begin, np.int32))
    return csr_array(counts, shape=(len(documents), len(columns))), labels
