"""Measurements that take long, are made seldom and are read everywhere: their code, their files, and their proof.

`ablation` leaves out one step of the recipe, `sweep` compares settings of the training, `report` scores a model on all
sets; `provenance` keeps a result with what made it, `canary` tells whether the code still does the same.
"""
