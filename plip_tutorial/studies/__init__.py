"""Measurements that take long, are made seldom and are read everywhere: their code, their files, and their proof.

`ablation` leaves out one step of the recipe, `expansion` goes further into the web or less far, both by
`short_trainings`; `sweep` compares settings of the training, `report` measures the models on all sets beside what was
aimed at, by the scores of `scoring`, `models` makes the tiny models again and compares; `provenance` keeps a result
with what made it, `canary` tells whether the code still does the same, `claims` whether the words of the book still say
what the numbers say.
"""
