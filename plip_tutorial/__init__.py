"""How PLIP, the pathology CLIP, was made and is used: the code behind the chapters of the book.

Each chapter has a module of the same name; below them lie the microcosm (a world of pathology whose truth is known),
metrics and figures. Importing this package imports nothing else.

>>> from plip_tutorial.microcosm import render_tile
>>> render_tile("adipose", seed=0).shape
(64, 64, 3)
"""

__version__ = "0.1.0"
