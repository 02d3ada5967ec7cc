"""Scoring: values in, values out. No I/O, no clock, no randomness; the standard library only.

`rubric` makes one exact integer of a scorecard, `tally` ranks entries by exact means, `digest` hashes
what went in and what came out. A tally of the same input is the same on every machine.
"""

#: The method that a tally names: the mean of an entry's weighted rubric totals.
METHOD = "weighted_rubric_mean"
#: Changes whenever the same input could come out differently. Kept with each tally.
ENGINE_VERSION = "1"
