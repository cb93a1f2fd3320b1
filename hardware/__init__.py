"""The hardware kit: what to buy, where each wire goes, how it is brought up.

Every table and picture is drawn from the board files that the firmware itself loads.
"""
