"""What mistakes compute: one family of formulas to a file, compared with what a function returned."""
