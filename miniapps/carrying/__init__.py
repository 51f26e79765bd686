"""Signed files: a preset bundle for a host app's build, and a version on its way over an air gap.

Pure: the form of the files and what makes one of them hold. miniapps.services.archives makes them,
miniapps.services.imports takes one in. docs/air-gap.md and docs/preset-bundles.md are their pages.
"""
