"""The shape of a picture as one of a few classes of the stylesheet: its room is known before it is loaded.

No inline style may say it, so assets/css/ratios.css has a class for each step; steps are so small that nobody sees what
is cut off a picture's edges.
"""

from bisect import bisect_left

# Hundredths of width by height; each about 6 % above the one before.
RATIOS = (
    *(40, 42, 45, 48, 50, 53, 56, 60, 63, 67, 71, 75, 80, 84, 89, 94, 100, 106, 112, 119, 126, 133, 142, 150, 159, 169),
    *(178, 189, 200, 212, 225, 238, 252, 267, 283, 300),
)
SQUARE = 100


def ratio_of(width: int | None, height: int | None) -> int:
    """Return the step nearest to a picture's shape; a square for what has none, the outermost ones beyond them."""
    if not width or not height:
        return SQUARE
    exact = width / height * 100
    place = bisect_left(RATIOS, exact)
    return min(RATIOS[max(place - 1, 0) : place + 1] or RATIOS[-1:], key=lambda step: abs(step - exact))
