"""Small changes of a pathway, and whether any scenario notices them.

A *mutant* is the composed pathway with one small change: an edge of a comparison, a threshold by its last
digit, a clause left out. It is *killed* by a scenario that the pathway meets and the mutant does not. Of one
that survives no scenario would notice the slip.
"""

from nephroline.mutation.changes import Kind, Mutant, mutants_of
from nephroline.mutation.judging import End, Result, Wanted
from nephroline.mutation.running import Mutation, MutationOptions, mutate

__all__ = ["End", "Kind", "Mutant", "Mutation", "MutationOptions", "Result", "Wanted", "mutants_of", "mutate"]
