"""The report of a run: what came out, against what, at what cost, in one page that a stranger can read.

gather      the files of a run as records         statistics  paired differences and correlations, with intervals
tables      the figures as tables                 plots       the pictures
page        report.md and report.html             write       write_report(): all of it
"""

from astro.report.write import write_report

__all__ = ["write_report"]
