"""Worst errors of this package and of others, regime by regime, against mpmath."""

from accuracy.measure import Cell, Measured, measure
from accuracy.page import BEGIN, END, render, replaced

__all__ = ["BEGIN", "END", "Cell", "Measured", "measure", "render", "replaced"]
