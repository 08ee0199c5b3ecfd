"""What must hold for every sheet of a sequence diagram."""

from __future__ import annotations

from itertools import pairwise

from openline_diagrams.sequences.shapes import WIDTH, Box, Sheet, Stroke, Text


def check_texts(sheet: Sheet) -> None:
    """No text is cut, and none meets another text or a line."""
    found = [shape for shape in sheet.shapes if isinstance(shape, Text)]
    for text in found:
        assert text.left >= 0
        assert text.left + text.wide <= WIDTH
        assert 0 < text.y < sheet.height
    on = [(box.x, box.y, box.w, box.h) for box in sheet.shapes if isinstance(box, Box)]
    lines = [shape.points for shape in sheet.shapes if isinstance(shape, Stroke)]
    ends = [pair for points in lines for pair in pairwise(points)]
    strokes = [(min(a, c), min(b, d), max(a, c), max(b, d)) for (a, b), (c, d) in ends]
    boxes = [(t.left, t.y - 0.75 * t.size, t.left + t.wide, t.y + 0.2 * t.size) for t in found]
    for number, (left, top, right, bottom) in enumerate(boxes):
        for other in boxes[number + 1 :]:
            apart = right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
            assert apart, (found[number], other)
        if any(x <= left and right <= x + w and y <= top and bottom <= y + h for x, y, w, h in on):
            continue  # a name in its box
        for x0, y0, x1, y1 in strokes:
            assert x1 <= left or right <= x0 or y1 <= top or bottom <= y0, found[number]
