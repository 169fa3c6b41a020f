"""What other settings would have made of a token's place, told from what is stored of it, without the model.

Stored are the likeliest tokens with their probabilities under the model's own distribution. Of all others two
things are certain: their probabilities together, and that none of them is above the last that is listed. `pool` does
the sums with these two, `cuts` and `shapes` are the stages, `replay` puts them in order. What the list decides is said
exactly; where two distributions that agree with it would differ, the answer is `Unknown` and names the stage.
`fates` tells only which tokens are cut, and so tells it more often than `distribution` tells the chances.
"""

from chatapp.core.distribution.replay import Chance, Distribution, Unknown, distribution, fate, fates

__all__ = ["Chance", "Distribution", "Unknown", "distribution", "fate", "fates"]
