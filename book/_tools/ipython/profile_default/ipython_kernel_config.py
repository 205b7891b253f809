"""How the kernels of the book draw: as vectors, with pictures at twice the width. Readers' kernels do not know it."""

c = get_config()  # type: ignore[name-defined]  # noqa: F821
c.InlineBackend.figure_formats = {"svg"}
# The dots that an embedded picture gets to the inch: twice the 130 of `plots.STYLE`. Without a date, the same figure is
# the same file.
c.InlineBackend.print_figure_kwargs = {"bbox_inches": "tight", "dpi": 260, "metadata": {"Date": None}}
