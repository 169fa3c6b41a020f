"""How many lines each message takes, with sums that stay cheap in a conversation of any length."""

from __future__ import annotations


class Heights:
    """Line counts in order, with the sum before any message and the message at any line in O(log n).

    A Fenwick tree: node `i` (from 1) holds the sum of the `i & -i` counts that end with the i-th.
    """

    def __init__(self, count: int = 0, each: int = 1) -> None:
        self._counts = [each] * count
        self._tree = [0, *((index & -index) * each for index in range(1, count + 1))]

    def __len__(self) -> int:
        return len(self._counts)

    def __getitem__(self, index: int) -> int:
        return self._counts[index]

    def __setitem__(self, index: int, lines: int) -> None:
        change = lines - self._counts[index]
        if not change:
            return
        self._counts[index] = lines
        node = index + 1
        while node < len(self._tree):
            self._tree[node] += change
            node += node & -node

    def append(self, lines: int) -> None:
        """Add a message at the end."""
        node = len(self._counts) + 1
        total, child = lines, node - 1
        while child > node - (node & -node):
            total += self._tree[child]
            child -= child & -child
        self._counts.append(lines)
        self._tree.append(total)

    def truncate(self, count: int) -> None:
        """Keep the first `count` messages."""
        del self._counts[count:]
        del self._tree[count + 1 :]

    def before(self, index: int) -> int:
        """The lines of all messages before `index`."""
        total = 0
        while index:
            total += self._tree[index]
            index -= index & -index
        return total

    @property
    def total(self) -> int:
        """The lines of all messages."""
        return self.before(len(self._counts))

    def find(self, line: int) -> tuple[int, int]:
        """The message that holds `line`, and the line's number within it; the last message for lines beyond."""
        index, step = 0, 1 << len(self._counts).bit_length()
        while step:
            following = index + step
            if following <= len(self._counts) and self._tree[following] <= line:
                index, line = following, line - self._tree[following]
            step >>= 1
        if index >= len(self._counts):
            last = max(0, len(self._counts) - 1)
            return last, max(0, self._counts[last] - 1) if self._counts else 0
        return index, line
