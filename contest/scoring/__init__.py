"""Scoring: values in, values out. No I/O, no clock, no randomness of its own.

`rubric` makes one exact integer of a scorecard, `tally` ranks entries by exact means, `digest` hashes what
went in and what came out: with the standard library alone. `methods` names all ways from judges' work to a
ranking; those that fit a model import numpy and scipy when they are used. The same input comes out the same
on every machine, exactly where the method is exact.
"""

#: The method of a round that names no other: the mean of an entry's weighted rubric totals.
METHOD = "mean"
#: What the weighted mean is called in tallies; the second is from when there was no other.
MEANS = (METHOD, "weighted_rubric_mean")
#: Changes whenever the same input could come out differently. Kept with each tally.
ENGINE_VERSION = "2"
