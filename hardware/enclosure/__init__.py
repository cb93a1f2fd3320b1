"""The printed box: laid out from a board file, checked by calculation, drawn and exported.

All lengths are in mm. The box stands on the table with the player at y = 0: x runs to the right,
y away from the player, z up; the origin is the outer corner at the front, left and below.
"""
