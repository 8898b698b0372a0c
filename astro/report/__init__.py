"""The report of a run: what came out, against what, at what cost, in one page that a stranger can read.

gather      the files of a run as records         statistics  paired differences and correlations, with intervals
tables      the figures as tables                 plots       the pictures
examples    one problem, every model              page        report.md and report.html
write       write_report(): all of it             seeds       the same experiment under several seeds
best_of     best-of-N at equal cost               ablations   what changes in the traces, and what comes of it
"""

from astro.report.write import write_report

__all__ = ["write_report"]
