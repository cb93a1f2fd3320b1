"""What the printer and the screws ask for: thicknesses, gaps, bores. All in mm."""

BED_MM = 200.0
"""Side of the smallest printing bed that must do."""

MIN_WALL_MM = 1.2
"""Nothing that holds is thinner: three lines of a 0.4 mm nozzle, six layers of 0.2."""

WALL_MM = 2.4
FLOOR_MM = 2.4
PANEL_MM = 3.0
CORNER_MM = 4.0
"""Radius of the upright edges."""

EDGE_MM = 0.8
"""Chamfer around the panel's front."""

CLEARANCE_MM = 1.0
"""Between any two parts inside."""

FINGERS_MM = 6.0
"""Between two things that are turned or pressed."""

ENGRAVING_MM = 0.6
LABEL_GAP_MM = 0.8
"""Around a label, and twice that to the panel's edge."""

HOLE_SLACK_MM = 0.3
"""A printed hole is smaller than drawn; what goes through has this much room in the diameter."""

RECESS_MM = 1.6
"""Of the panel behind the display: its glass comes to 1.4 mm from the front."""

POCKET_MM = 1.0
"""Depth of the pocket that keeps an encoder from turning."""

POCKET_SLACK_MM = 0.4

RIB_MM = 1.6
LIP_MM, LIP_TALL_MM, LIP_GAP_MM = 1.6, 3.0, 0.3

BOSS_MM, BOSS_TALL_MM = 8.4, 6.2
INSERT_MM = (4.0, 6.0)
"""Bore for a heat-set insert M3, at most 4.4 across and 5 long, and its depth. Accu, "Threaded
heat-set insert pilot hole size charts": M3, bore 4.0 −0/+0.1."""

SCREW_HOLE_MM = 3.4
SCREW_HEAD_MM = 6.6
"""Countersunk M3: ISO 10642 has 5.5 to 6.7 across, at 90°."""

PILOT_MM = 2.1
"""Bore in which an M2.5 screw cuts its thread."""

STANDOFF_MM = 5.8
"""As wide as the Raspberry Pi's boards are free of parts around a hole."""

FOOT_MM = (10.6, 0.8)
"""Hollow for a rubber foot of 10 mm: diameter, depth."""
