"""Widths of letters, so that drawn text can be measured without a font at hand.

Each table holds the advances of the characters U+0020 to U+007E in thousandths of the type size.
Screens are measured with DejaVu, the widest face that a host may fall back to: a line that fits
in DejaVu also fits in Noto Sans, whose Latin letters are about a seventh narrower. The PDF writer
measures with Helvetica, Times and Courier, which it also sets.
"""

from __future__ import annotations

import unicodedata


def _table(numbers: str) -> tuple[int, ...]:
    return tuple(int(n) for n in numbers.split())


SANS = _table(
    "318 401 460 838 636 950 780 275 390 390 500 838 318 361 318 337 636 636 636 636 636 "
    "636 636 636 636 636 337 337 838 838 838 531 1000 684 686 698 770 632 575 775 752 295 "
    "295 656 557 863 748 787 603 787 695 635 611 732 684 989 685 611 685 390 337 390 838 "
    "500 500 613 635 550 635 615 352 635 634 278 278 579 278 974 634 612 635 635 411 521 "
    "392 634 592 818 592 592 525 636 337 636 838 "
)
SANS_BOLD = _table(
    "348 456 521 838 696 1002 872 306 457 457 523 838 380 415 380 365 696 696 696 696 696 "
    "696 696 696 696 696 400 400 838 838 838 580 1000 774 762 734 830 683 683 821 837 372 "
    "372 775 637 995 837 850 733 850 770 720 682 812 774 1103 771 724 725 457 365 457 838 "
    "500 500 675 716 593 716 678 435 716 712 343 343 665 343 1042 712 687 716 716 493 595 "
    "478 712 652 924 645 652 582 712 365 712 838 "
)
SERIF = _table(
    "318 402 460 838 636 950 890 275 390 390 500 838 318 338 318 337 636 636 636 636 636 "
    "636 636 636 636 636 337 337 838 838 838 536 1000 722 735 765 802 730 694 799 872 395 "
    "401 747 664 1024 875 820 673 820 753 685 667 843 722 1028 712 660 695 390 337 390 "
    "838 500 500 596 640 560 640 592 370 640 644 320 310 606 320 948 644 602 640 640 478 "
    "513 402 644 565 856 564 565 527 636 337 636 838 "
)
SERIF_BOLD = _table(
    "348 439 521 838 696 950 903 306 473 473 523 838 348 415 348 365 696 696 696 696 696 "
    "696 696 696 696 696 369 369 838 838 838 586 1000 776 845 796 867 762 710 854 945 468 "
    "473 869 703 1107 914 871 752 871 831 722 744 872 776 1123 776 714 730 473 365 473 "
    "838 500 500 648 699 609 699 636 430 699 727 380 362 693 380 1058 727 667 699 699 527 "
    "563 462 727 581 861 596 581 568 643 364 643 838 "
)
HELVETICA = _table(
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 "
    "556 556 556 556 556 278 278 584 584 584 556 1015 667 667 722 722 667 611 778 722 278 "
    "500 667 556 833 722 778 667 778 722 667 611 722 667 944 667 667 611 278 278 278 469 "
    "556 333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 "
    "278 556 500 722 500 500 500 334 260 334 584 "
)
HELVETICA_BOLD = _table(
    "278 333 474 556 556 889 722 238 333 333 389 584 278 333 278 278 556 556 556 556 556 "
    "556 556 556 556 556 333 333 584 584 584 611 975 722 722 722 722 667 611 778 722 278 "
    "556 722 611 833 722 778 667 778 722 667 611 722 667 944 667 667 611 333 278 333 584 "
    "556 333 556 611 556 611 556 333 611 611 278 278 556 278 889 611 611 611 611 389 556 "
    "333 611 556 778 556 556 500 389 280 389 584 "
)
TIMES = _table(
    "250 333 408 500 500 833 778 180 333 333 500 564 250 333 250 278 500 500 500 500 500 "
    "500 500 500 500 500 278 278 564 564 564 444 921 722 667 667 722 611 556 722 722 333 "
    "389 722 611 889 722 722 556 722 667 556 611 722 722 944 722 722 611 333 278 333 469 "
    "500 333 444 500 444 500 444 333 500 500 278 278 500 278 778 500 500 500 500 333 389 "
    "278 500 500 722 500 500 444 480 200 480 541 "
)
TIMES_BOLD = _table(
    "250 333 555 500 500 1000 833 278 333 333 500 570 250 333 250 278 500 500 500 500 500 "
    "500 500 500 500 500 333 333 570 570 570 500 930 722 667 722 722 667 611 778 778 389 "
    "500 778 667 944 722 778 611 778 722 556 667 722 722 1000 722 722 667 333 278 333 581 "
    "500 333 500 556 444 556 444 333 500 556 278 333 556 278 833 556 500 556 556 444 389 "
    "333 556 500 722 500 500 444 394 220 394 520 "
)

_FACES = {
    ("sans", False): SANS,
    ("sans", True): SANS_BOLD,
    ("serif", False): SERIF,
    ("serif", True): SERIF_BOLD,
    ("helvetica", False): HELVETICA,
    ("helvetica", True): HELVETICA_BOLD,
    ("times", False): TIMES,
    ("times", True): TIMES_BOLD,
}


def is_wide(char: str) -> bool:
    """Whether the character stands on a full square, as kanji, kana and hangul do."""
    return unicodedata.east_asian_width(char) in "WF"


def advance(char: str, face: str = "sans", bold: bool = False) -> float:
    """Advance of one character in thousandths of the size."""
    if is_wide(char):
        return 1000
    if unicodedata.combining(char):
        return 0
    if face in ("mono", "courier"):
        return 602 if face == "mono" else 600
    table = _FACES[(face, bold)]
    code = ord(char)
    if not 32 <= code <= 126:
        base = unicodedata.normalize("NFKD", char)[0]
        code = ord(base)
        if not 32 <= code <= 126:
            return 720 if char.isupper() or char in "→←↑↓" else 640
    return table[code - 32]


def width(text: str, size: float, face: str = "sans", bold: bool = False, spacing: float = 0) -> float:
    """Width of a line in the unit of `size`; `spacing` is added after each character."""
    return sum(advance(c, face, bold) for c in text) * size / 1000 + spacing * len(text)
