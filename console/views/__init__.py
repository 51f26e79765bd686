"""The pages: one file for each part of the navigation. base.py holds what they share."""
