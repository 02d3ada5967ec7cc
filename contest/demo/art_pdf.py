"""A small PDF writer: canvases become pages of vectors, set in the standard fonts.

Helvetica, Times and Courier stand for sans, serif and mono; they need no font file. Only letters of
Windows-1252 can be set. Streams are not compressed and nothing is dated, so bytes depend on the
drawing alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from contest.demo.art_canvas import IDENTITY, Canvas, Group, Item, Shape, Text, num
from contest.demo.art_metrics import width

FONTS = {
    ("sans", False): ("F1", "Helvetica", "helvetica"),
    ("sans", True): ("F2", "Helvetica-Bold", "helvetica"),
    ("serif", False): ("F3", "Times-Roman", "times"),
    ("serif", True): ("F4", "Times-Bold", "times"),
    ("mono", False): ("F5", "Courier", "courier"),
    ("mono", True): ("F6", "Courier-Bold", "courier"),
}
KAPPA = 0.5522847


def latin(text: str) -> str:
    """The text in letters that the standard fonts have; marks fall off others, and what is left is a question mark."""
    out = []
    for char in text:
        try:
            char.encode("cp1252")
            out.append(char)
        except UnicodeEncodeError:
            base = unicodedata.normalize("NFKD", char)[0]
            out.append(base if base.isascii() else "?")
    return "".join(out)


def _colour(value: str, operator: str) -> str:
    parts = (int(value[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return " ".join(f"{p:.3f}".rstrip("0").rstrip(".") for p in parts) + f" {operator}\n"


def _rounded(x: float, y: float, w: float, h: float, r: float) -> str:
    if r <= 0:
        return f"{num(x)} {num(y)} {num(w)} {num(h)} re\n"
    k = r * (1 - KAPPA)
    right, bottom = x + w, y + h
    points = (
        f"{num(x + r)} {num(y)} m {num(right - r)} {num(y)} l",
        f"{num(right - k)} {num(y)} {num(right)} {num(y + k)} {num(right)} {num(y + r)} c {num(right)} {num(bottom - r)} l",
        f"{num(right)} {num(bottom - k)} {num(right - k)} {num(bottom)} {num(right - r)} {num(bottom)} c {num(x + r)} {num(bottom)} l",
        f"{num(x + k)} {num(bottom)} {num(x)} {num(bottom - k)} {num(x)} {num(bottom - r)} c {num(x)} {num(y + r)} l",
        f"{num(x)} {num(y + k)} {num(x + k)} {num(y)} {num(x + r)} {num(y)} c h",
    )
    return "\n".join(points) + "\n"


_TOKEN = re.compile(r"[A-Za-z]|-?\d*\.?\d+")


def _path(d: str) -> str:
    """SVG path data (M L H V C S Q T Z in either case) as PDF operators."""
    tokens = _TOKEN.findall(d)
    out: list[str] = []
    x = y = start_x = start_y = 0.0
    last = (0.0, 0.0)  # the control point that S and T mirror
    at, command = 0, ""

    def take(count: int) -> list[float]:
        nonlocal at
        values = [float(t) for t in tokens[at : at + count]]
        at += count
        return values

    while at < len(tokens):
        if tokens[at].isalpha():
            command = tokens[at]
            at += 1
        upper, relative = command.upper(), command.islower()
        ox, oy = (x, y) if relative else (0.0, 0.0)
        if upper == "Z":
            out.append("h")
            x, y = start_x, start_y
        elif upper in "MLHV":
            if upper == "H":
                x = take(1)[0] + ox
            elif upper == "V":
                y = take(1)[0] + oy
            else:
                dx, dy = take(2)
                x, y = dx + ox, dy + oy
            out.append(f"{num(x)} {num(y)} {'m' if upper == 'M' else 'l'}")
            if upper == "M":
                start_x, start_y = x, y
                command = "l" if relative else "L"
        else:
            if upper in "CS":
                values = take(6 if upper == "C" else 4)
                points = [(values[i] + ox, values[i + 1] + oy) for i in range(0, len(values), 2)]
                first = points.pop(0) if upper == "C" else (2 * x - last[0], 2 * y - last[1])
                second, end = points
                last = second
            else:
                values = take(4 if upper == "Q" else 2)
                points = [(values[i] + ox, values[i + 1] + oy) for i in range(0, len(values), 2)]
                bend = points.pop(0) if upper == "Q" else (2 * x - last[0], 2 * y - last[1])
                end = points[0]
                first = (x + (bend[0] - x) * 2 / 3, y + (bend[1] - y) * 2 / 3)
                second = (end[0] + (bend[0] - end[0]) * 2 / 3, end[1] + (bend[1] - end[1]) * 2 / 3)
                last = bend
            out.append(" ".join(num(v) for v in (*first, *second, *end)) + " c")
            x, y = end
            continue
        last = (x, y)
    return "\n".join(out) + "\n"


def _shape(shape: Shape, alphas: dict[str, str]) -> str:
    out = "q\n"
    if shape.opacity != 1:
        out += f"/{alphas.setdefault(num(shape.opacity), f'G{len(alphas)}')} gs\n"
    if shape.fill:
        out += _colour(shape.fill, "rg")
    if shape.stroke:
        out += _colour(shape.stroke, "RG") + f"{num(shape.stroke_width)} w\n"
        out += "1 J 1 j\n" if shape.round_ends else ""
        if shape.dash:
            out += f"[{' '.join(num(v) for v in shape.dash)}] 0 d\n"
    if shape.kind == "rect":
        x, y, w, h, rx = shape.geometry
        out += _rounded(x, y, w, h, rx)
    elif shape.kind == "circle":
        cx, cy, r = shape.geometry
        out += _rounded(cx - r, cy - r, 2 * r, 2 * r, r)
    else:
        out += _path(shape.d)
    return out + {(True, True): "B", (True, False): "f", (False, True): "S", (False, False): "n"}[
        (bool(shape.fill), bool(shape.stroke))
    ] + "\nQ\n"  # fmt: skip


def _text(text: Text, alphas: dict[str, str]) -> str:
    name, _, face = FONTS[(text.face, text.bold)]
    words = latin(text.value)
    wide = width(words, text.size, face, text.bold, text.spacing)
    x = text.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[text.anchor] * wide
    safe = words.encode("cp1252").decode("latin-1")
    safe = safe.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    gs = f"/{alphas.setdefault(num(text.opacity), f'G{len(alphas)}')} gs " if text.opacity != 1 else ""
    spacing = f"{num(text.spacing)} Tc " if text.spacing else ""
    return (
        f"q {gs}{_colour(text.fill, 'rg')}BT /{name} {num(text.size)} Tf {spacing}"
        f"1 0 0 -1 {num(x)} {num(text.y)} Tm ({safe}) Tj ET Q\n"
    )


def _items(items: Sequence[Item], alphas: dict[str, str]) -> str:
    out = []
    for item in items:
        if isinstance(item, Group):
            out.append("q\n")
            if item.matrix != IDENTITY:
                out.append(" ".join(f"{v:.5f}".rstrip("0").rstrip(".") for v in item.matrix) + " cm\n")
            if item.clip:
                x, y, w, h, rx = item.clip
                out.append(_rounded(x, y, w, h, rx) + "W n\n")
            out.append(_items(item.items, alphas) + "Q\n")
        elif isinstance(item, Text):
            out.append(_text(item, alphas))
        else:
            out.append(_shape(item, alphas))
    return "".join(out)


def document(pages: Sequence[Canvas], title: str) -> bytes:
    """The canvases as one PDF 1.7, a page each; one unit of the canvas is one point."""
    alphas: dict[str, str] = {}
    streams = [f"1 0 0 -1 0 {num(p.h)} cm\n{_items(p.root.items, alphas)}" for p in pages]
    fonts = list(FONTS.values())
    first_font, first_page = 4, 4 + len(fonts)
    kids = " ".join(f"{first_page + 2 * i} 0 R" for i in range(len(pages)))
    states = " ".join(f"/{name} << /ca {value} /CA {value} >>" for value, name in alphas.items())
    font_refs = " ".join(f"/{name} {first_font + i} 0 R" for i, (name, _, _) in enumerate(fonts))
    safe = latin(title).encode("cp1252").decode("latin-1").replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    objects = [
        "<< /Type /Catalog /Pages 2 0 R /Lang (en) /ViewerPreferences << /DisplayDocTitle true >> >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] /Resources << /Font << {font_refs} >> /ExtGState << {states} >> >> >>",
        f"<< /Title ({safe}) >>",
    ]
    objects += [
        f"<< /Type /Font /Subtype /Type1 /BaseFont /{base} /Encoding /WinAnsiEncoding >>" for _, base, _ in fonts
    ]
    for index, (page, stream) in enumerate(zip(pages, streams, strict=True)):
        box = f"[0 0 {num(page.w)} {num(page.h)}]"
        objects.append(f"<< /Type /Page /Parent 2 0 R /MediaBox {box} /Contents {first_page + 2 * index + 1} 0 R >>")
        objects.append(f"<< /Length {len(stream.encode('latin-1'))} >>\nstream\n{stream}endstream")
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{offset:010d} 00000 n \n".encode() for offset in offsets)
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info 3 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)
