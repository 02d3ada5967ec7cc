"""The demo: what it says (`content`), what its entries look like (`art`), and how it is planted.

`content` and `art` are pure values: no input, no output, no clock; the same entry gives the same bytes.
"""
