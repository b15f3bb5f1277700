"""Draws what a program printed on a terminal: terminal.py TITLE < TYPESCRIPT > PICTURE.svg

Understands what Falconer prints: text, CR and "erase to the end of the line". Colours are dropped.
"""
import html
import re
import sys

CHAR, LINE, MARGIN, BAR = 8.4, 19, 18, 34


def screen(typescript):
    """What is left to see at the end."""
    lines = [""]
    for piece in re.split(r"(\r\n|\n|\r|\x1b\[[0-9;?]*[A-Za-z])", typescript):
        if piece in ("\n", "\r\n"):
            lines.append("")
        elif piece == "\r":
            lines[-1] = ""
        elif not piece.startswith("\x1b"):
            lines[-1] += piece
    return "\n".join(lines).strip("\n").split("\n")


def svg(title, lines):
    width = max(map(len, lines)) * CHAR + 2 * MARGIN
    height = BAR + len(lines) * LINE + MARGIN
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" role="img" '
           f'aria-label="{html.escape(title)}"><rect width="100%" height="100%" rx="8" fill="#16202c"/>'
           f'<text x="50%" y="22" text-anchor="middle" fill="#8aa0b6" font-family="sans-serif" font-size="13">'
           f'{html.escape(title)}</text>'
           f'<g font-family="ui-monospace,Menlo,Consolas,DejaVu Sans Mono,monospace" font-size="14" fill="#dbe4ee">')
    for number, line in enumerate(lines):
        if line.strip():
            colour = ' fill="#7fd1ae"' if line.startswith("$") else ""
            yield (f'<text x="{MARGIN}" y="{BAR + (number + 1) * LINE - 5}" xml:space="preserve" '
                   f'textLength="{len(line) * CHAR:.1f}" lengthAdjust="spacing"{colour}>{html.escape(line)}</text>')
    yield "</g></svg>\n"


sys.stdout.write("\n".join(svg(sys.argv[1], screen(sys.stdin.read()))))
