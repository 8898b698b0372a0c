"""The report of a run: results, comparisons and costs on one page.

gather      the files of a run as records         statistics  paired differences and correlations, with intervals
tables      the figures as tables                 plots       the plots
continued   models beside their controls          effects     an arm against the best control
curves      accuracy against generated tokens
examples    one problem, every model              page        report.md and report.html
write       write_report(): all of it             seeds       the same experiment under several seeds
best_of     best-of-N at equal cost               ablations   variants of the traces and their effect
"""

from astro.report.write import write_report

__all__ = ["write_report"]
