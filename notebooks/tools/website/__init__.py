"""The course as a folder of plain files: what `make_site.py` puts together."""
